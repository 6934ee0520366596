# Makes this workstation known to a box: by comparing codes, or by a one-time token. Sourced by kartenwart.sh.
exchange=enrolment.v1.EnrolmentExchangeService

# [quick start: enrol]
by_token() { # PORT FINGERPRINT LABEL, token on stdin
  local folder seen granted
  folder=$(mktemp -d -p "$work")
  look "$1"
  seen=$(openssl x509 -in "$folder/root.pem" -outform DER | sha256sum | cut -d' ' -f1)
  [[ $seen == "${2,,}" ]] || refuse "" "the root of the box is not the one that came with the token"
  new_key
  openssl req -new -key "$folder/key.pem" -subj / -outform DER | base64 -w0 >"$folder/request"
  granted=$(jq -Rn --arg name "$3" --rawfile request "$folder/request" \
    '{token: input, "label": $name, certificateRequest: $request}' | try "$1" "$exchange/RedeemToken")
  store "$granted"
}

by_code() { # PORT ROLE LABEL: says the code, and reads from stdin what the box shows
  local folder answer enrolment shown
  folder=$(mktemp -d -p "$work")
  look "$1"
  new_key
  printf %s "$2" >"$folder/role"
  printf %s "$3" >"$folder/label"
  openssl rand -out "$folder/nonce" 32
  openssl x509 -in "$folder/root.pem" -outform DER -out "$folder/root"
  prefixed kartenwart-commit-1 nonce public role label | openssl dgst -sha256 -binary -out "$folder/commitment"
  answer=$(jq -n --arg role "$2" --arg name "$3" --arg key "$(encoded public)" --arg commitment "$(encoded commitment)" \
    '{publicKey: $key, role: $role, "label": $name, commitment: $commitment}' | try "$1" "$exchange/Commit")
  [[ $(jq -r .boxId <<<"$answer") == "$(<"$folder/box-id")" ]] || refuse "" "the box gives itself another name"
  enrolment=$(jq -r .enrolment <<<"$answer")
  printf %s "$enrolment" >"$folder/enrolment"
  jq -r .boxNonce <<<"$answer" | base64 -d >"$folder/box-nonce"
  jq -n --arg enrolment "$enrolment" --arg nonce "$(encoded nonce)" '{enrolment: $enrolment, workstationNonce: $nonce}' |
    try "$1" "$exchange/Reveal" >/dev/null
  prefixed kartenwart-enrol-1 box-id root public role label box-nonce nonce | sha256sum | six_digits >"$folder/code"
  jq -Rc '{code: .}' "$folder/code"
  answer=$(approval "$1" "$enrolment")
  read -r shown # only now, and only if the people saw the same code on both sides, is anything stored
  [[ $shown == "$(<"$folder/code")" ]] || refuse "" "the code was not confirmed"
  store "$answer"
}

approval() { # PORT ENROLMENT: polls until the technician has decided; each poll proves the key
  local sequence state answer
  for ((sequence = 1; ; sequence++)); do
    bytes 16 "$sequence" >"$folder/sequence"
    prefixed kartenwart-poll-1 enrolment box-nonce sequence |
      openssl dgst -sha256 -sign "$folder/key.pem" -out "$folder/proof"
    answer=$(jq -n --arg enrolment "$2" --arg sequence "$sequence" --arg proof "$(encoded proof)" \
      '{enrolment: $enrolment, sequence: $sequence, signature: $proof}' | try "$1" "$exchange/Poll")
    state=$(jq -r .state <<<"$answer")
    [[ $state != ENROLMENT_STATE_APPROVED ]] || break
    [[ $state == ENROLMENT_STATE_PENDING ]] || refuse "" "not enrolled: $state"
    sleep 0.5
  done
  printf '%s' "$answer"
}

prefixed() { # TAG FILE...: each field behind its length in four bytes
  bytes 8 "${#1}" && printf %s "$1"
  for file in "${@:2}"; do
    bytes 8 "$(stat -c %s "$folder/$file")" && cat "$folder/$file"
  done
}

bytes() { printf "$(printf "%0$1x" "$2" | sed 's/../\\x&/g')"; } # HEX-DIGITS NUMBER, big-endian

six_digits() { # SHA-256 in hex on stdin, modulo 1000000
  local digest number=0 index
  read -r digest _
  for ((index = 0; index < 64; index++)); do number=$(((number * 16 + 16#${digest:index:1}) % 1000000)); done
  printf %06d "$number"
}

look() { # PORT: what is shown before anything is trusted; the last certificate of the chain is the root
  openssl s_client -connect "$host:$1" -showcerts </dev/null 2>/dev/null >"$folder/chain"
  awk '/BEGIN CERT/ {pem = ""} {pem = pem $0 "\n"} /END CERT/ {last = pem} END {printf "%s", last}' \
    "$folder/chain" >"$folder/root.pem"
  openssl x509 -in "$folder/chain" -noout -ext subjectAltName |
    grep -oE 'DNS:box-[0-9a-z]+\b' | head -1 | cut -d: -f2 | tr -d '\n' >"$folder/box-id"
}

new_key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$folder/key.pem" 2>/dev/null
  openssl pkey -in "$folder/key.pem" -pubout -outform DER -out "$folder/public"
}

store() { # GRANTED
  jq -r .certificate <<<"$1" | base64 -d | openssl x509 -inform DER -out "$folder/certificate.pem"
  openssl verify -CAfile "$folder/root.pem" "$folder/certificate.pem" >/dev/null
  openssl x509 -in "$folder/certificate.pem" -noout -pubkey | openssl pkey -pubin -outform DER | cmp -s - "$folder/public" ||
    refuse "" "the certificate is for another key"
  mkdir -p "$profile"
  mv "$folder/key.pem" "$folder/certificate.pem" "$folder/root.pem" "$folder/box-id" "$profile"
  jq -c '{workstation}' <<<"$1"
}

encoded() { base64 -w0 "$folder/$1"; }
# [end of quick start]
