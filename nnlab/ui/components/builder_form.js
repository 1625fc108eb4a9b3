// The options of one layer as fields. What is typed is sent as soon as it may be a whole value; what Python says is
// wrong stays as it was typed, with the sentence under it.

// Half of something that is allowed, so that there is nothing to complain about while somebody types.
const isPending = (text, { kind, words }) => {
  const short = text.trim();
  if (short === "" || words.some((word) => word !== short && word.startsWith(short))) return true;
  if (kind === "pair") return /[x×,(\s]$/.test(short);
  return kind === "number" && /^(-|[-\d.]*\.|[\d.]+e[+-]?)$/i.test(short);
};

const createForm = ({ send, act }) => {
  const about = element("p", { class: "about quiet" });
  const fields = element("div", { class: "fields" });
  const actions = element("div", { class: "actions" });
  const mistakesBox = element("div", { class: "mistakes" });
  const box = element("div", { class: "form", role: "gridcell" }, about, fields, mistakesBox, actions);
  let made = "", controls = new Map(), path = null, run = 0;

  const button = (name, text) =>
    element("button", { type: "button", onclick: (event) => act(name, path, event.currentTarget) },
      iconOf(name), element("span", { class: "word" }, text));

  const make = (item, { kinds, joins, families, texts }) => {
    const kind = kinds[item.kind];
    controls = new Map();
    mistakesBox.replaceChildren();
    about.textContent = (kind ?? joins[item.kind]).about;
    fields.replaceChildren(...(kind ? [kindField(item, kinds, families, texts), ...kind.fields.map((field) => fieldOf(field))] : []));
    const names = ["add", ...(kind ? [] : ["branch"]), "up", "down", "duplicate", "remove", "open"];
    actions.replaceChildren(...names.map((name) => button(name, texts[`${name}Layer`])));
  };

  const kindField = (item, kinds, families, texts) => {
    const groups = Object.entries(families).map(([family, title]) =>
      element("optgroup", { label: title }, ...Object.entries(kinds).filter(([, one]) => one.family === family)
        .map(([name, one]) => element("option", { value: name }, one.title))));
    const select = element("select", {}, ...groups);
    select.value = item.kind;
    select.addEventListener("change", () => send({ op: "kind", path, kind: select.value }));
    controls.set("", { input: select });
    return element("label", { class: "field" }, element("span", { class: "label" }, texts.kind), select);
  };

  const fieldOf = (field) => {
    const said = element("p", { class: "mistake", role: "alert", id: `mistake-${field.name}` });
    mistakesBox.append(said);
    const input = inputOf(field);
    input.setAttribute("aria-label", field.name);
    input.setAttribute("aria-errormessage", said.id);
    if (field.hint) input.setAttribute("aria-description", field.hint);
    const hint = field.hint ? [element("span", { class: "hint quiet" }, field.hint)] : [];
    const label = element("span", { class: "label" }, field.name);
    controls.set(field.name, { input, said, field });
    return element("label", { class: `field ${field.kind}` }, label, input, ...hint);
  };

  const inputOf = (field) => {
    const set = (text) => send({ op: "set", path, field: field.name, text, run: `${path} ${field.name} ${run}` });
    if (field.kind === "toggle") {
      const input = element("input", { type: "checkbox" });
      input.addEventListener("change", () => set(input.checked ? "True" : "False"));
      return input;
    }
    if (field.kind === "choice") {
      const select = element("select", {}, ...field.choices.map((choice) => element("option", {}, choice)));
      select.addEventListener("change", () => set(select.value));
      return select;
    }
    const input = element("input", { type: "text", autocomplete: "off", spellcheck: "false", inputmode: field.words.length || field.kind === "pair" ? "text" : "decimal" });
    const typed = () => {
      input.dataset.typed = "1";
      if (isPending(input.value, field)) return;
      input.dataset.sent = input.value;
      set(input.value);
    };
    input.addEventListener("input", typed);
    input.addEventListener("focus", () => (run += 1));
    input.addEventListener("change", () => {
      if (input.dataset.typed && input.dataset.sent !== input.value) set(input.value);
      input.dataset.sent = input.value;
    });
    input.addEventListener("blur", () => delete input.dataset.typed);
    input.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by || event.altKey || event.isComposing || field.kind === "number") return;
      const parts = input.value.split(/([x×,\s]+)/);
      if (!parts.every((part, at) => at % 2 || /^\d+$/.test(part))) return;
      event.preventDefault(); // one more or less, on both axes of a pair
      input.value = parts.map((part, at) => (at % 2 ? part : Math.max(field.low, Number(part) + by))).join("");
      typed();
    });
    return input;
  };

  // `mistakes` by field: {text, said}; `anew` writes also into what is being typed in.
  const show = (item, catalogue, mistakes, anew) => {
    const kind = `${item.kind} ${catalogue.id}`;
    path = item.path;
    if (kind !== made) {
      make(item, catalogue);
      made = kind;
    }
    for (const [name, { input, said, field }] of controls) {
      if (!field) {
        input.value = item.kind;
        continue;
      }
      const [value, mistake] = [item.options[name], anew ? undefined : mistakes(name)];
      if (input.type === "checkbox") input.checked = value === "True";
      else if (anew || !input.dataset.typed) input.value = mistake?.text ?? value;
      if (anew) delete input.dataset.typed;
      said.textContent = mistake?.said ?? "";
      input.setAttribute("aria-invalid", Boolean(mistake));
    }
  };
  const focus = (name) => {
    const input = name ? controls.get(name)?.input : (fields.querySelector("label:nth-child(2) :is(input, select)") ?? box.querySelector("select, button"));
    input?.focus();
    if (input?.type === "text") input.select();
  };
  return { box, show, focus };
};
