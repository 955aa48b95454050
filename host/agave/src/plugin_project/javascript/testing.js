// The host in unit tests: it stands for every `agave:plugin/…` that a plugin imports.

/** The lines that were logged, each with its level. */
export const logged = [];

let answer = () => {
  throw Object.assign(new Error("unreachable"), {
    payload: { tag: "unreachable", val: "this test has not called answerHttp" },
  });
};

/** Says what HTTP requests are answered: a function from the request to the response. */
export function answerHttp(how) {
  answer = how;
}

export function write(level, message) {
  logged.push([level, message]);
}

export function send(request, authentication) {
  return answer(request, authentication);
}

export function now() {
  return Date.now() * 1e6;
}

export class Secret {
  static open(name) {
    return Object.assign(new Secret(), { name });
  }
}

const kept = new Map();
export const get = (key) => kept.get(key) ?? null;
export const set = (key, value) => void kept.set(key, value);

const absent = (what) => () => {
  throw `there is no ${what} in a unit test`;
};
export const publish = absent("broker");
export const jpeg = absent("picture");
export const show = absent("picture");
export const granted = () => {};
export const Connection = { connect: absent("network") };

export default { write, send, now, Secret, get, set, publish, jpeg, show, granted, Connection };
