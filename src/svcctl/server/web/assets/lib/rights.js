// What whoever is logged in may do here, as the agent decides it: nothing else is offered.

const OLD = 10_000; // milliseconds after which what was told may be asked for again

/** Gives what knows it; `changed()` is called when it is first known, and when it is otherwise. */
export function createRights(api, changed) {
  let told = null; // the answer of the verb may
  let services = new Map(); // name -> the verbs for it
  let some = new Set(); // verbs that are allowed for anything at all
  let asking = null;
  let askedAt = 0;
  const sought = new Set(); // services that were asked about already

  async function ask() {
    askedAt = Date.now();
    let found;
    try {
      found = (await api.get("/v1/may")).result;
    } catch (error) {
      if (error.status !== 403) return; // nobody answers: what was known holds
      found = { roles: [], verbs: [], grants: [] };
    }
    const before = JSON.stringify(told);
    take(found);
    if (before !== JSON.stringify(found)) changed();
  }

  function take(found) {
    told = found;
    services = new Map(found.grants.flatMap(({ services: names, verbs }) => {
      const allowed = new Set(verbs);
      return names.map((name) => [name, allowed]);
    }));
    some = new Set([...found.verbs, ...found.grants.flatMap((each) => each.verbs)]);
  }

  return {
    /** Whether the agent has told. */
    get known() { return told !== null; },
    /** The roles there are, wherever they come from. */
    get roles() { return told?.roles ?? []; },
    /** Whether `verb` is allowed for the service `name`; without one, for anything at all. */
    may: (verb, name) => (name === undefined ? some.has(verb) : services.get(name)?.has(verb) ?? false),
    /** Asks for it, again; whoever asks meanwhile gets the same. */
    again() {
      asking ??= ask().finally(() => { asking = null; });
      return asking;
    },
    /** Asks again where that is a while ago: a new grant shows with the next page one goes to. */
    refresh() {
      if (told && Date.now() - askedAt > OLD) this.again();
    },
    /** Asks again where `names` has one that was not there before. */
    learn(names) {
      const unknown = [...names].filter((name) => !services.has(name) && !sought.has(name));
      for (const each of unknown) sought.add(each);
      if (!told || unknown.length) this.again();
    },
  };
}
