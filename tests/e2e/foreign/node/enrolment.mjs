// Makes this workstation known to a box, with Node alone: by comparing codes, or by a one-time token.
import { once } from "node:events";
import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import https from "node:https";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";

import { certificateRequest, code, commitment, pollSignature, publicDer } from "./exchange.mjs";

const EXCHANGE = "/kartenwart.api.enrolment.v1.EnrolmentExchangeService/";
const POLL_MILLISECONDS = 500;

/** Enrols by comparing codes. `show` gets the code, `confirm` answers whether the box shows the same. */
export async function enrolByCode({ host, port, role, label, folder, show, confirm }) {
  const box = await presented(host, port);
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [nonce, publicKey] = [randomBytes(32), publicDer(keys)];
  const committed = await post(box, "Commit", {
    publicKey: publicKey.toString("base64"),
    role,
    label,
    commitment: commitment({ nonce, publicKey, role, label }).toString("base64"),
  });
  if (committed.boxId !== box.id) throw new Error("the box gives itself another name than its certificate does");
  const { enrolment } = committed;
  const boxNonce = Buffer.from(committed.boxNonce, "base64");
  await post(box, "Reveal", { enrolment, workstationNonce: nonce.toString("base64") });
  const own = code({ boxId: box.id, root: box.root.raw, publicKey, role, label, boxNonce, nonce });
  show(own);
  const granted = await approval(box, { enrolment, boxNonce, privateKey: keys.privateKey });
  // Only now, and only if the people saw the same code on both sides, is the root trusted and anything stored.
  if (!(await confirm(own))) throw new Error("the code was not confirmed");
  return store(folder, box, keys, granted);
}

/** Enrols unattended; the token leaves only for a box whose root has this fingerprint (SHA-256, hex). */
export async function enrolByToken({ host, port, label, token, fingerprint, folder }) {
  const box = await presented(host, port);
  const seen = box.root.fingerprint256.replaceAll(":", "").toLowerCase();
  if (seen !== fingerprint.toLowerCase()) throw new Error("the root of the box is not the one that came with the token");
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const request = { token, label, certificateRequest: certificateRequest(keys).toString("base64") };
  return store(folder, box, keys, await post(box, "RedeemToken", request));
}

async function approval(box, { enrolment, boxNonce, privateKey }) {
  for (let sequence = 1; ; sequence += 1) {
    const signature = pollSignature({ enrolment, boxNonce, sequence, privateKey }).toString("base64");
    const answer = await post(box, "Poll", { enrolment, sequence: String(sequence), signature });
    if (answer.state === "ENROLMENT_STATE_APPROVED") return answer;
    if (answer.state !== "ENROLMENT_STATE_PENDING") throw new Error(`not enrolled: ${answer.state}`);
    await pause(POLL_MILLISECONDS);
  }
}

/** Looks at the chain that the enrolment port shows, before anything is trusted: its last certificate is the root. */
async function presented(host, port) {
  const socket = tls.connect({ host, port, rejectUnauthorized: false, minVersion: "TLSv1.2" });
  await once(socket, "secureConnect");
  const chain = [];
  for (let seen = socket.getPeerCertificate(true); seen && !chain.some((one) => one.raw.equals(seen.raw)); ) {
    chain.push(new X509Certificate(seen.raw));
    seen = seen.issuerCertificate;
  }
  socket.destroy();
  const [leaf, root] = [chain[0], chain[chain.length - 1]];
  const linked = chain.every((one, index) => one.verify((chain[index + 1] ?? root).publicKey));
  if (chain.length < 2 || !root.ca || !linked) throw new Error("the box shows no chain to a root of its own");
  const id = /DNS:(box-[0-9a-z]+)(,|$)/.exec(leaf.subjectAltName ?? "")?.[1];
  if (!id) throw new Error("the certificate names no box");
  return { host, port, id, root };
}

/** Calls the enrolment port; from here on only the root that was seen counts, and the name is the box id. */
async function post(box, method, message) {
  const request = https.request({
    host: box.host,
    port: box.port,
    ca: box.root.toString(),
    servername: box.id,
    method: "POST",
    path: EXCHANGE + method,
    headers: { "Content-Type": "application/json" },
    timeout: 15000,
  });
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.end(JSON.stringify(message));
  const [response] = await once(request, "response");
  const chunks = await response.setEncoding("utf8").toArray();
  const answer = JSON.parse(chunks.join(""));
  if (response.statusCode !== 200) throw Object.assign(new Error(answer.message), { failure: failure(answer) });
  return answer;
}

const failure = ({ details }) => details.find((one) => one.type === "kartenwart.api.failure.v1.Failure")?.debug;

function store(folder, box, keys, granted) {
  const certificate = new X509Certificate(Buffer.from(granted.certificate, "base64"));
  const sameRoot = box.root.raw.equals(Buffer.from(granted.root, "base64"));
  if (!sameRoot || !certificate.verify(box.root.publicKey)) throw new Error("the certificate is of another site");
  if (!certificate.checkPrivateKey(keys.privateKey)) throw new Error("the certificate is for another key");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keep = (name, text) => writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  keep("key.pem", keys.privateKey.export({ type: "pkcs8", format: "pem" }));
  keep("certificate.pem", certificate.toString());
  keep("root.pem", box.root.toString());
  keep("box-id", box.id);
  return granted.workstation;
}
