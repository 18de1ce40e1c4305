// Asks the public interface of this host, as whoever is logged in.

import { follow } from "./streams.js";

const UNREACHABLE = "the agent's web server cannot be reached";

/** What was refused or failed, as a problem document (RFC 9457) says it. */
export class Problem extends Error {
  constructor(said, status) {
    super(said.detail ?? said.title ?? `status ${status}`);
    this.status = status;
    this.code = said.code ?? "";
    this.hint = said.hint ?? "";
    this.mistakes = said.mistakes ?? [];
  }
}

/** Gives the problem in an answer. */
export async function problemOf(answer) {
  const said = await answer.json().catch(() => ({}));
  return new Problem(said, answer.status);
}

/**
 * Gives what asks: `session()` says who is logged in, `over` is called once nobody is any more,
 * `refused` when they may not what they asked for.
 */
export function createApi({ session, over, refused }) {
  async function ask(method, path, { query, body, headers, signal } = {}) {
    const asked = { accept: "application/json", ...headers };
    if (method !== "GET") asked["x-svcctl-csrf"] = session()?.csrf ?? "";
    if (body !== undefined) asked["content-type"] = "application/json";
    const answer = await fetch(path + queryOf(query), {
      method, headers: asked, signal, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    }).catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new Problem({ detail: UNREACHABLE }, 0);
    });
    if (answer.ok) return answer;
    const problem = await problemOf(answer);
    if (answer.status === 401) over(problem);
    if (answer.status === 403 && !path.startsWith("/v1/may")) refused();
    throw problem;
  }
  return {
    /** Gives the document at a path; `query` may hold lists. */
    async get(path, query, { signal } = {}) {
      return (await ask("GET", path, { query, signal })).json();
    },
    /** Asks for a change; gives the document it is answered with. */
    async post(path, body = {}, { query, signal } = {}) {
      return (await ask("POST", path, { query, body, signal })).json();
    },
    /** Gives the answer itself, for who needs its headers. */
    ask,
    /** Follows an event stream until what this gives is called; see lib/streams.js. */
    follow(path, query, sinks) {
      const open = (signal, headers, more) => ask("GET", path, { query: { ...query, ...more }, headers, signal });
      return follow(open, {
        ...sinks,
        state(now, problem) {
          sinks.state?.(now, problem);
          if (problem?.status === 401) over(problem);
        },
      });
    },
  };
}

/** Gives the module that `work` loads; raises Problem where it cannot be had. */
export async function loaded(work) {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TypeError) throw new Problem({ detail: UNREACHABLE }, 0);
    throw error;
  }
}

/** Gives the path of a service, or of something of it. */
export function pathOf(name, verb = "") {
  const path = `/v1/services/${encodeURIComponent(name)}`;
  return verb ? `${path}/${verb}` : path;
}

function queryOf(query) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") found.append(name, each);
    }
  }
  return found.size ? `?${found}` : "";
}
