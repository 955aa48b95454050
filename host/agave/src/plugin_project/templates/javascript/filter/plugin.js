// Lets only sure detections through.

const configSchema = {
  type: "object",
  properties: {
    confidence: {
      description: "Detections below it are dropped.",
      type: "number",
      minimum: 0,
      maximum: 1,
      default: 0.5,
    },
  },
  additionalProperties: false,
};

let confidence = 0.5;

/** @type {import("agave:plugin/lifecycle@0.1.0").Lifecycle} */
export const lifecycle = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Lets only sure detections through",
    configSchema: JSON.stringify(configSchema),
    stateVersion: 1,
    readsState: [],
  }),

  configure(config) {
    // Agave has checked it against the schema.
    confidence = JSON.parse(config).confidence ?? 0.5;
  },

  // It remembers nothing from frame to frame.
  save: () => ({ version: 1, data: new Uint8Array() }),
  restore() {},
};

/** @type {import("agave:plugin/filter@0.1.0").Filter} */
export const filter = {
  process(frames) {
    for (const frame of frames) {
      frame.detections = frame.detections.filter((one) => one.confidence >= confidence);
    }
    return frames;
  },
};
