// Raises an alert when a class has been in view for some seconds.

import type { Lifecycle } from "agave:plugin/lifecycle@0.1.0";
import type { Rule } from "agave:plugin/rule@0.1.0";
import type { Alert, Detection, FrameDetections, Phase } from "agave:plugin/types@0.1.0";

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

interface State {
  /** When the class came into view. */
  since: number;
  /** Where it was seen last. */
  last: Detection;
  /** Whether its incident has been announced. */
  begun: boolean;
}

const settings = { camera: "", name: "", class: 0, seconds: 2 };
let state: State | null = null;

export const lifecycle: Lifecycle = {
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
    const given: { class: string; seconds?: number } = JSON.parse(config);
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

export const rule: Rule = {
  evaluate: (frames) => frames.flatMap(lookAt),
};

function lookAt(frame: FrameDetections): Alert[] {
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

function alert(phase: Phase, frame: FrameDetections, { since, last }: State): Alert {
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
