// Lets a class through once it has been seen in several frames in a row.

import type { Filter } from "agave:plugin/filter@0.1.0";
import type { Lifecycle } from "agave:plugin/lifecycle@0.1.0";
import { write } from "agave:plugin/log@0.1.0";

const configSchema = {
  type: "object",
  properties: {
    confidence: {
      description: "How sure the model has to be of a detection for it to count.",
      type: "number",
      minimum: 0,
      maximum: 1,
      default: 0.5,
    },
    frames: {
      description: "In how many frames in a row a class has to be seen.",
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 3,
    },
  },
  additionalProperties: false,
};

let settings = { confidence: 0.5, frames: 3 };
let classes: string[] = [];
/** Each class that was in the last frame, and in how many frames in a row up to it. */
let seen = new Map<number, number>();

export const lifecycle: Lifecycle = {
  describe: () => ({
    name: "steady",
    version: "0.1.0",
    summary: "Lets a class through once it has been seen in several frames in a row",
    configSchema: JSON.stringify(configSchema),
    stateVersion: 1,
    readsState: [],
  }),

  configure(config, stream) {
    const given = parsed(config);
    if (given === null || typeof given !== "object" || Array.isArray(given)) {
      throw "the configuration has to be a JSON object";
    }
    const { confidence = 0.5, frames = 3 } = given as Partial<typeof settings>;
    if (!(confidence >= 0 && confidence <= 1)) throw "`confidence` has to be from 0 to 1";
    if (!isCount(frames)) throw "`frames` has to be a whole number from 1 to 100";
    settings = { confidence, frames };
    classes = stream.classes;
  },

  save() {
    const pairs = [...seen].map(([id, count]) => [id, Math.min(count, settings.frames)]);
    pairs.sort(([one], [other]) => one - other);
    return { version: 1, data: new TextEncoder().encode(JSON.stringify({ seen: pairs })) };
  },

  restore({ version, data }) {
    if (version !== 1) throw "only state of version 1 is known";
    const pairs = (parsed(new TextDecoder().decode(data)) as { seen?: unknown } | null)?.seen;
    if (!arePairs(pairs)) throw "the state is not what this plugin saves";
    seen = new Map(pairs);
  },
};

export const filter: Filter = {
  process(frames) {
    for (const frame of frames) {
      const sure = frame.detections.filter((one) => one.confidence >= settings.confidence);
      count(new Set(sure.map((one) => one.class)));
      frame.detections = sure.filter((one) => (seen.get(one.class) ?? 0) >= settings.frames);
    }
    return frames;
  },
};

function count(present: Set<number>) {
  const before = seen;
  seen = new Map();
  for (const id of [...present].sort((one, other) => one - other)) {
    const frames = Math.min((before.get(id) ?? 0) + 1, settings.frames);
    if (frames === settings.frames && frames > (before.get(id) ?? 0)) {
      write("info", `${classes[id]} is steady`);
    }
    seen.set(id, frames);
  }
}

/** Whether it is a list of classes, which rise, with a count for each. */
function arePairs(value: unknown): value is [number, number][] {
  let last = -1;
  const isPair = (pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2 || !isCount(pair[1])) return false;
    const [id] = pair;
    const fits = Number.isInteger(id) && id > last && id < classes.length;
    last = id;
    return fits;
  };
  return Array.isArray(value) && value.every(isPair);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw `this is not JSON: ${error}`;
  }
}
