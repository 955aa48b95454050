// Raises an alert when a class has been in view for some seconds.

const configSchema = {
  type: "object",
  properties: {
    class: { description: "The class that is watched for.", type: "string" },
    seconds: {
      description: "For how many seconds it must have been in view.",
      type: "number",
      minimum: 0,
      default: 2,
    },
  },
  required: ["class"],
  additionalProperties: false,
};

const settings = { camera: "", name: "", class: 0, seconds: 2 };

/**
 * When the class came into view, where it was seen last, and whether its incident has been
 * announced; null while it is not in view.
 * @type {{ since: number, last: import("agave:plugin/types@0.1.0").Detection, begun: boolean } | null}
 */
let state = null;

/** @type {import("agave:plugin/lifecycle@0.1.0").Lifecycle} */
export const lifecycle = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Raises an alert when a class has been in view for some seconds",
    configSchema: JSON.stringify(configSchema),
    stateVersion: 1,
    readsState: [],
  }),

  configure(config, stream) {
    // Agave has checked it against the schema.
    const given = JSON.parse(config);
    settings.camera = stream.camera;
    settings.name = given.class;
    settings.class = stream.classes.indexOf(given.class);
    settings.seconds = given.seconds ?? 2;
    if (settings.class < 0) {
      throw `there is no class '${given.class}'; there are: ${stream.classes.join(", ")}`;
    }
  },

  save: () => ({ version: 1, data: new TextEncoder().encode(JSON.stringify(state)) }),
  restore({ data }) {
    state = JSON.parse(new TextDecoder().decode(data));
  },
};

/** @type {import("agave:plugin/rule@0.1.0").Rule} */
export const rule = {
  evaluate: (frames) => frames.flatMap(lookAt),
};

/** @type {(frame: import("agave:plugin/types@0.1.0").FrameDetections) => import("agave:plugin/types@0.1.0").Alert[]} */
function lookAt(frame) {
  const last = frame.detections.find((one) => one.class === settings.class);
  if (!last) {
    const ended = state?.begun ? [alert("end", frame, state)] : [];
    state = null;
    return ended;
  }
  state = { since: state?.since ?? frame.at, begun: state?.begun ?? false, last };
  if (state.begun || frame.at - state.since < settings.seconds * 1e9) return [];
  state.begun = true;
  return [alert("begin", frame, state)];
}

/**
 * @param {import("agave:plugin/types@0.1.0").Phase} phase
 * @param {import("agave:plugin/types@0.1.0").FrameDetections} frame
 * @param {NonNullable<typeof state>} state
 * @returns {import("agave:plugin/types@0.1.0").Alert}
 */
function alert(phase, frame, { since, last }) {
  return {
    key: `${settings.camera}/${settings.name}/${since}`,
    kind: "{{name}}",
    phase,
    severity: "warning",
    at: frame.at,
    frame: frame.frame,
    class: settings.name,
    zone: null,
    detection: last,
    count: 1,
    attributes: [],
  };
}
