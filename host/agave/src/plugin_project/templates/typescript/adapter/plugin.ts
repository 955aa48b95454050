// Posts each alert as JSON to a web address.

import type { Adapter, Delivery, Outcome } from "agave:plugin/adapter@0.1.0";
import { send, type Error as HttpError, type Response } from "agave:plugin/http@0.1.0";
import type { Lifecycle } from "agave:plugin/lifecycle@0.1.0";

const configSchema = {
  type: "object",
  properties: {
    url: {
      description: "Where to post. The node's `allow.http` has to grant its origin.",
      type: "string",
    },
  },
  required: ["url"],
  additionalProperties: false,
};

let url = "";

export const lifecycle: Lifecycle = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Posts each alert as JSON to a web address",
    configSchema: JSON.stringify(configSchema),
    stateVersion: 1,
    readsState: [],
  }),

  configure(config) {
    // Agave has checked it against the schema.
    url = JSON.parse(config).url;
    if (!/^https?:\/\//.test(url)) throw `\`url\` is '${url}'; it begins with http:// or https://`;
  },

  // It remembers nothing from alert to alert.
  save: () => ({ version: 1, data: new Uint8Array() }),
  restore() {},
};

export const adapter: Adapter = {
  deliver: (deliveries) => deliveries.map(deliver),
};

function deliver(delivery: Delivery): Outcome {
  let response: Response;
  try {
    response = post(delivery);
  } catch (thrown) {
    // What the contract calls an error is thrown, with its case as the payload.
    const error: HttpError = (thrown as { payload: HttpError }).payload;
    if (error.tag === "not-allowed") return { tag: "rejected", val: error.val };
    if (error.tag === "too-large") return { tag: "rejected", val: "the answer is too large" };
    return { tag: "retry", val: null };
  }
  const { status } = response;
  if (status >= 200 && status < 300) return { tag: "delivered" };
  if (status === 429 || status >= 500) return { tag: "retry", val: null };
  return { tag: "rejected", val: `the receiver answered ${status}` };
}

function post({ alert, camera, idempotencyKey, mediaTime }: Delivery): Response {
  const body = {
    camera_id: camera,
    key: alert.key,
    kind: alert.kind,
    phase: alert.phase,
    severity: alert.severity,
    class: alert.class,
    confidence: Number(alert.detection.confidence.toFixed(4)),
    zone: alert.zone,
    media_time: mediaTime / 1e9,
  };
  const request = {
    method: "post" as const,
    url,
    headers: [
      ["content-type", "application/json"],
      ["idempotency-key", idempotencyKey],
    ] as [string, string][],
    body: new TextEncoder().encode(JSON.stringify(body)),
    timeoutMs: 10_000,
  };
  return send(request, { tag: "none" });
}
