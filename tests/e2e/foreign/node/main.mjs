// The words by which the end-to-end tests use this client; results are JSON lines on stdout, the failure on stderr.
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";

import { Box } from "./box.mjs";
import { enrolByCode, enrolByToken } from "./enrolment.mjs";

const [word, ...rest] = process.argv.slice(2);
const { KARTENWART_HOST: host, KARTENWART_FOLDER: folder, KARTENWART_PROTOS: protos } = process.env;
// The test plays a person who wants to be asked and who knows that the simulator does not tell the attempts left.
const SURE = { force: true, acceptUnknownAttempts: true };
const say = (value) => console.log(JSON.stringify(value));

async function typed() {
  const keyboard = createInterface({ input: process.stdin });
  const line = await new Promise((resolve) => keyboard.once("line", resolve).once("close", () => resolve("")));
  keyboard.close();
  return line.trim();
}

function described(job) {
  const { failure, state, jobNumber } = job;
  if (failure) throw Object.assign(new Error(failure.title), { failure });
  return { state, jobNumber, outcome: job.verifyPin?.outcome };
}

const enrolments = {
  async "enrol-code"(port, role, label) {
    const confirm = async (own) => own === (await typed());
    const workstation = await enrolByCode({ host, port, role, label, folder, show: (code) => say({ code }), confirm });
    say({ workstation });
  },
  async "enrol-token"(port, fingerprint, label) {
    say({ workstation: await enrolByToken({ host, port, label, token: await typed(), fingerprint, folder }) });
  },
};

const calls = {
  async list(box) {
    say({ cards: await box.cards() });
  },
  async watch(box, count) {
    let seen = 0;
    for await (const { cards } of box.pictures()) {
      say({ types: cards.map((card) => card.type) });
      seen += 1;
      if (seen === Number(count)) return;
    }
  },
  async verify(box, card, pin, user = "") {
    say(described(await box.verifyPin({ requestId: randomUUID(), card, pin, user, ...SURE })));
  },
  async sign(box, card, file, out, mimeType, format, user = "") {
    const request = { requestId: randomUUID(), card, user, format, shortText: "Arztbrief", acceptUnknownAttempts: true };
    const job = await box.sign(readFileSync(file), mimeType, request);
    const told = described(job);
    await box.fetch(job.signDocuments.documents[0], (signed) => writeFileSync(out, signed));
    say(told);
  },
};

async function run() {
  if (enrolments[word]) return enrolments[word](...rest);
  const [port, ...words] = rest;
  const box = new Box(folder, host, port, protos);
  try {
    return await calls[word](box, ...words);
  } finally {
    box.close();
  }
}

try {
  await run();
} catch (error) {
  console.error(JSON.stringify({ reason: error.failure?.reason ?? "", message: error.message }));
  process.exitCode = 1;
}
