// Calls a box by gRPC: methods and messages come from the proto bundle at run time, nothing is generated.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const ENDS = new Set(["JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_OUTCOME_UNKNOWN"]);
const FAILURE = "type.googleapis.com/kartenwart.api.failure.v1.Failure";
// google.rpc.Status, as it stands in grpc-status-details-bin.
const STATUS = protoLoader.fromJSON({
  nested: {
    Detail: { fields: { typeUrl: { type: "string", id: 1 }, value: { type: "bytes", id: 2 } } },
    Status: { fields: { details: { rule: "repeated", type: "Detail", id: 3 } } },
  },
}).Status;

/** A connection with what an enrolment left in `folder`; `protos` is the folder of the unpacked proto bundle. */
export class Box {
  // [quick start: connect]
  constructor(folder, host, port, protos) {
    const read = (name) => readFileSync(path.join(folder, name));
    const files = readdirSync(protos, { recursive: true }).filter((name) => name.endsWith(".proto"));
    const shapes = { longs: String, enums: String, defaults: true, oneofs: true };
    const definition = protoLoader.loadSync(files, { ...shapes, includeDirs: [protos] });
    this.api = grpc.loadPackageDefinition(definition).kartenwart.api;
    this.target = `${host}:${port}`;
    this.credentials = grpc.credentials.createSsl(read("root.pem"), read("key.pem"), read("certificate.pem"));
    const boxId = read("box-id").toString().trim();
    this.options = {
      "grpc.ssl_target_name_override": boxId, // whoever answers must be this box, whatever its address
      "grpc.default_authority": boxId,
      "grpc.enable_retries": 0, // a PIN or a signature is never sent twice by a library
      "grpc.keepalive_time_ms": 20000,
    };
    this.channels = [];
  }

  service(area, name) {
    const client = new this.api[area].v1[name](this.target, this.credentials, this.options);
    this.channels.push(client);
    return client;
  }

  call(client, method, request, seconds = 10) {
    return new Promise((resolve, reject) => {
      const deadline = new Date(Date.now() + seconds * 1000);
      client[method](request, { deadline }, (error, answer) => (error ? reject(this.failure(error)) : resolve(answer)));
    });
  }
  // [end of quick start]

  close() {
    for (const channel of this.channels) channel.close();
  }

  // [quick start: errors]
  /** Adds the reason to a refused call; without one, the call did not reach the box. */
  failure(error) {
    const packed = error.metadata?.get("grpc-status-details-bin")[0];
    const detail = packed && STATUS.deserialize(packed).details.find((one) => one.typeUrl === FAILURE);
    if (detail) error.failure = this.api.failure.v1.Failure.deserialize(detail.value);
    return error;
  }
  // [end of quick start]

  // [quick start: list]
  async cards() {
    const { cards } = await this.call(this.service("card", "CardService"), "ListCards", {});
    return cards;
  }
  // [end of quick start]

  // [quick start: watch]
  async *pictures() {
    const inventory = this.service("inventory", "InventoryService");
    for await (const answer of this.stream(inventory.WatchInventory({}))) yield answer.inventory; // the whole picture
  }

  async *stream(replies) {
    try {
      yield* replies;
    } catch (error) {
      throw this.failure(error);
    } finally {
      replies.cancel();
    }
  }
  // [end of quick start]

  // [quick start: verify]
  /** Lets a person enter a PIN at a terminal. Ask again with the same requestId: nobody is asked twice. */
  async verifyPin(request) {
    const { job } = await this.call(this.service("pin", "PinService"), "VerifyPin", request);
    return this.ended(job, ({ progress }) => console.error(progress.at(-1)?.text ?? "")); // which terminal asks
  }

  /** Follows a job to its end; each change is told to `onChange`. If the line breaks, the job goes on: follow again. */
  async ended(job, onChange = () => {}) {
    const jobs = this.service("job", "JobService");
    while (!ENDS.has(job.state)) {
      for await ({ job } of this.stream(jobs.WatchJob({ name: job.name }))) onChange(job);
    }
    return job;
  }
  // [end of quick start]

  // [quick start: sign]
  async sign(content, mimeType, { format, shortText, ...request }) {
    const documents = [{ document: await this.upload(content, mimeType), format, shortText }];
    const signatures = this.service("signature", "SignatureService");
    const { job } = await this.call(signatures, "SignDocuments", { ...request, documents });
    return this.ended(job);
  }

  async upload(content, mimeType) {
    const documents = this.service("document", "DocumentService");
    const sha256 = createHash("sha256").update(content).digest("hex");
    const { document, chunkSize } = await this.call(documents, "CreateDocument", { size: content.length, sha256, mimeType });
    for (let offset = 0; offset < content.length; offset += chunkSize) {
      const data = content.subarray(offset, offset + chunkSize);
      await this.call(documents, "UploadChunk", { document: document.name, offset, data });
    }
    return document.name;
  }

  /** Fetches a result, compares its hash, and only after `keep` has stored it lets the box delete it. */
  async fetch({ output, outputSha256 }, keep) {
    const documents = this.service("document", "DocumentService");
    const chunks = [];
    for (let offset = 0, data; data === undefined || data.length > 0; offset += data.length) {
      ({ data } = await this.call(documents, "DownloadChunk", { document: output, offset }));
      chunks.push(data);
    }
    const content = Buffer.concat(chunks);
    if (createHash("sha256").update(content).digest("hex") !== outputSha256) throw new Error("the hash differs");
    keep(content);
    await this.call(documents, "DeleteDocument", { document: output });
  }
  // [end of quick start]
}
