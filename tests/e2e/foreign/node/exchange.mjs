// What an enrolment computes (EnrolmentExchangeService's comment): commitment, code, proof of a poll, PKCS#10.
import { createHash, sign } from "node:crypto";

/** The fields one after the other, each behind its length in four bytes. */
function prefixed(...fields) {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

const sha256 = (...fields) => createHash("sha256").update(prefixed(...fields)).digest();

export const publicDer = (keys) => keys.publicKey.export({ type: "spki", format: "der" });

export function commitment({ nonce, publicKey, role, label }) {
  return sha256("kartenwart-commit-1", nonce, publicKey, role, label);
}

/** The six digits that people compare; `root` is the certificate seen in TLS, DER. */
export function code({ boxId, root, publicKey, role, label, boxNonce, nonce }) {
  const digest = sha256("kartenwart-enrol-1", boxId, root, publicKey, role, label, boxNonce, nonce);
  return (BigInt(`0x${digest.toString("hex")}`) % 1000000n).toString().padStart(6, "0");
}

export function pollSignature({ enrolment, boxNonce, sequence, privateKey }) {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(sequence));
  return sign("sha256", prefixed("kartenwart-poll-1", enrolment, boxNonce, number), privateKey);
}

/** PKCS#10, DER. Its subject is empty: the box decides on every name in the certificate. */
export function certificateRequest(keys) {
  const wanted = der(0x30, der(0x02, Buffer.from([0])), der(0x30), publicDer(keys), der(0xa0));
  const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  const signature = der(0x03, Buffer.from([0]), sign("sha256", wanted, keys.privateKey));
  return der(0x30, wanted, ecdsaWithSha256, signature);
}

/** One DER element; nothing here is longer than 65535 bytes. */
function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
