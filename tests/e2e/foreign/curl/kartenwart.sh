#!/usr/bin/env bash
# A workstation with curl, openssl and jq. The words and the files are those of the other clients:
#   enrol-code PORT ROLE LABEL (what the box shows on stdin) | enrol-token PORT FINGERPRINT LABEL (token on stdin)
#   list PORT | watch PORT COUNT | verify PORT CARD PIN [USER] | sign PORT CARD FILE OUT TYPE FORMAT [USER]
set -euo pipefail
shopt -s inherit_errexit
umask 077
host=$KARTENWART_HOST profile=$KARTENWART_FOLDER folder=$KARTENWART_FOLDER word=$1 port=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source "$(dirname "$0")/enrolment.sh"

# [quick start: call]
call() { # PORT METHOD [CURL OPTIONS], message on stdin: no secret stands in the process list
  local port=$1 method=$2 box_id certificate=()
  box_id=$(<"$folder/box-id")
  shift 2
  [[ ! -e $folder/certificate.pem ]] || certificate=(--cert "$folder/certificate.pem" --key "$folder/key.pem")
  # The name in the address is the box id, and --connect-to says where it is: whoever answers must be this box.
  curl --silent --show-error --fail-with-body --connect-timeout 5 --max-time 60 \
    --cacert "$folder/root.pem" "${certificate[@]}" --connect-to "$box_id:$port:$host:$port" "$@" \
    -H 'Content-Type: application/json' --data-binary @- "https://$box_id:$port/kartenwart.api.$method"
}
# [end of quick start]

refuse() { # REASON MESSAGE
  jq -nc --arg reason "$1" --arg message "$2" '{reason: $reason, message: $message}' >&2
  exit 1
}

try() { # as call, but says a refusal in the manner of the other clients
  local answer
  answer=$(call "$@" 2>"$work/trouble") || refuse "$(reason <<<"$answer")" "$answer$(<"$work/trouble")"
  printf '%s' "$answer"
}

# [quick start: errors]
reason() { # decide by it, never by the text
  jq -r '.details[] | select(.type == "kartenwart.api.failure.v1.Failure").debug.reason' 2>/dev/null || true
}
# [end of quick start]

# [quick start: watch]
watch() { # PORT COUNT: one picture per line, at once and on each change; each call waits up to 25 s for a change
  local cursor="" newest="" left=$2
  while ((left > 0)); do
    newest=$(jq -n --arg cursor "$cursor" '{cursor: $cursor, wait: "25s"}' |
      try "$1" inventory.v1.InventoryService/GetInventory)
    [[ $(jq -r .cursor <<<"$newest") != "$cursor" ]] || continue
    cursor=$(jq -r .cursor <<<"$newest") left=$((left - 1))
    jq -c '{types: [.inventory.cards[].type]}' <<<"$newest"
  done
}
# [end of quick start]

# [quick start: verify]
ended() { # PORT JOB: waits until the job changes no more
  local job=$2 answer
  while [[ ! $(jq -r .state <<<"$job") =~ _(SUCCEEDED|FAILED|OUTCOME_UNKNOWN)$ ]]; do
    answer=$(jq '{name, wait: "25s"}' <<<"$job" | try "$1" job.v1.JobService/WaitJob)
    job=$(jq .job <<<"$answer")
  done
  printf '%s' "$job"
}

verify() { # PORT CARD PIN [USER]: a person enters it at a terminal; the same requestId asks nobody twice
  local answer
  answer=$(jq -n --arg id "$(uuid)" --arg card "$2" --arg pin "$3" --arg user "${4:-}" \
    '{requestId: $id, card: $card, pin: $pin, user: $user, force: true, acceptUnknownAttempts: true}' |
    try "$1" pin.v1.PinService/VerifyPin)
  ended "$1" "$(jq .job <<<"$answer")"
}
# [end of quick start]

# [quick start: sign]
sign() { # PORT CARD FILE TYPE FORMAT [USER]
  local document answer
  document=$(upload "$1" "$3" "$4")
  answer=$(jq -n --arg id "$(uuid)" --arg card "$2" --arg user "${6:-}" --arg document "$document" --arg format "$5" \
    '{requestId: $id, card: $card, user: $user, acceptUnknownAttempts: true,
      documents: [{document: $document, format: $format, shortText: "Arztbrief"}]}' |
    try "$1" signature.v1.SignatureService/SignDocuments)
  ended "$1" "$(jq .job <<<"$answer")"
}

upload() { # PORT FILE TYPE
  local size sha answer document step offset
  size=$(stat -c %s "$2") sha=$(sha256sum "$2" | cut -d' ' -f1)
  answer=$(jq -n --argjson size "$size" --arg sha "$sha" --arg type "$3" '{size: $size, sha256: $sha, mimeType: $type}' |
    try "$1" document.v1.DocumentService/CreateDocument)
  document=$(jq -r .document.name <<<"$answer") step=$(jq -r .chunkSize <<<"$answer")
  for ((offset = 0; offset < size; offset += step)); do
    tail -c "+$((offset + 1))" "$2" | head -c "$step" | base64 -w0 |
      jq -R --arg name "$document" --argjson offset "$offset" '{document: $name, offset: $offset, data: .}' |
      try "$1" document.v1.DocumentService/UploadChunk >/dev/null
  done
  printf '%s' "$document"
}

fetch() { # PORT OUT JOB: the box deletes the result only when it is stored and its hash is right
  local result name answer chunk
  result=$(jq '.signDocuments.documents[0]' <<<"$3") name=$(jq -r .output <<<"$result")
  : >"$2"
  while true; do
    answer=$(jq -n --arg name "$name" --argjson offset "$(stat -c %s "$2")" '{document: $name, offset: $offset}' |
      try "$1" document.v1.DocumentService/DownloadChunk)
    chunk=$(jq -r '.data // empty' <<<"$answer")
    [[ -n $chunk ]] || break
    base64 -d <<<"$chunk" >>"$2"
  done
  jq -r --arg file "$2" '"\(.outputSha256)  \($file)"' <<<"$result" | sha256sum --check --quiet
  jq -n --arg name "$name" '{document: $name}' | try "$1" document.v1.DocumentService/DeleteDocument >/dev/null
}
# [end of quick start]

uuid() { cat /proc/sys/kernel/random/uuid; }

said() { # JOB
  [[ $(jq 'has("failure")' <<<"$1") == false ]] || refuse "$(jq -r .failure.reason <<<"$1")" "$(jq -r .failure.title <<<"$1")"
  jq -c '{state, jobNumber, outcome: .verifyPin.outcome}' <<<"$1"
}

case $word in
  enrol-code) by_code "$port" "$@" ;;
  enrol-token) by_token "$port" "$@" ;;
  list)
    answer=$(try "$port" card.v1.CardService/ListCards <<<'{}')
    jq -c '{cards}' <<<"$answer"
    ;;
  watch) watch "$port" "$@" ;;
  verify)
    job=$(verify "$port" "$@")
    said "$job"
    ;;
  sign)
    job=$(sign "$port" "$1" "$2" "$4" "$5" "${6:-}")
    told=$(said "$job")
    fetch "$port" "$3" "$job"
    echo "$told"
    ;;
esac
