// Lets only alerts of some severity through.

const severities = ["info", "warning", "critical"];

const configSchema = {
  type: "object",
  properties: {
    "at-least": {
      description: "Alerts below it stay behind.",
      enum: severities,
      default: "warning",
    },
  },
  additionalProperties: false,
};

let atLeast = "warning";

/** @type {import("agave:plugin/lifecycle@0.1.0").Lifecycle} */
export const lifecycle = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Lets only alerts of some severity through",
    configSchema: JSON.stringify(configSchema),
    stateVersion: 1,
    readsState: [],
  }),

  configure(config) {
    // Agave has checked it against the schema.
    atLeast = JSON.parse(config)["at-least"] ?? "warning";
  },

  // It remembers nothing from alert to alert.
  save: () => ({ version: 1, data: new Uint8Array() }),
  restore() {},
};

/** @type {import("agave:plugin/gate@0.1.0").Gate} */
export const gate = {
  pass: (alerts) =>
    alerts.filter((alert) => severities.indexOf(alert.severity) >= severities.indexOf(atLeast)),

  // Nothing is held back, so nothing waits for its time.
  tick: () => [],
};
