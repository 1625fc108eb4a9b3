// The rows of the list: a layer with its numbers, or the head of a branch. Rows are kept and only brought up to
// date, so that nothing blinks and the focus stays.

const numbers = new Intl.NumberFormat("en-US");
const exact = (count) => numbers.format(count);
const bytesText = (count) => {
  const unit = count < 1e3 ? 0 : count < 1e6 ? 1 : count < 1e9 ? 2 : 3;
  return `${Number((count / 1000 ** unit).toPrecision(3))} ${["B", "kB", "MB", "GB"][unit]}`;
};
const write = (node, text) => node.textContent !== text && (node.textContent = text);
const setting = (node, name, value) => {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
};

const styling = (node, name, value) => node.style.getPropertyValue(name) !== String(value) && node.style.setProperty(name, value);

const COLUMNS = ["shape", "params", "macs", "bytes", "sees"];
const SHARED = ["params", "macs", "bytes"]; // with a bar for the share of the largest

const createLayerRow = () => {
  const grip = element("button", { type: "button", class: "grip", tabindex: -1, "aria-hidden": "true" }, iconOf("grip"));
  const [name, kind, text, said] = ["b", "span", "span", "p"].map((tag, at) => element(tag, { class: ["name", "kind", "text", "said"][at] }));
  const what = element("div", { class: "what", role: "gridcell" }, grip, element("i", { class: "chip", "aria-hidden": "true" }), name, kind, text);
  const cells = Object.fromEntries(COLUMNS.map((column) => [column, element("div", { class: `cell number ${column}`, role: "gridcell" })]));
  const row = element("div", { class: "row layer", role: "row", tabindex: -1 }, what, ...Object.values(cells), said);

  const show = (item, { catalogue, largest, wrong, lit }) => {
    const told = catalogue.kinds[item.kind];
    setting(row, "data-path", item.path);
    const state = item.wrong ? " wrong" : item.shape === undefined ? " after" : "";
    setting(row, "class", `row layer kind-${told?.family ?? "join"}${state}${item.path === lit ? " lit" : ""}`);
    styling(row, "--depth", depthOf(item.path));
    setting(row, "aria-level", depthOf(item.path) + 1);
    setting(grip, "title", catalogue.texts.drag);
    write(name, item.name);
    write(kind, told?.title ?? catalogue.texts[item.kind].replace("{count}", item.branches));
    write(text, item.text ?? "");
    setting(text, "title", item.text ?? null);
    write(said, item.wrong ? wrong : "");
    write(cells.shape, item.shape ?? "–");
    write(cells.sees, item.sees ?? "–");
    setting(cells.bytes, "title", item.bytes === undefined ? null : `${exact(item.bytes)} B`);
    for (const column of SHARED) {
      const count = item[column];
      write(cells[column], count === undefined ? "–" : column === "bytes" ? bytesText(count) : exact(count));
      setting(cells[column], "class", `cell number ${column}${count ? "" : " none"}`);
      styling(cells[column], "--share", count ? (count / largest[column]).toFixed(4) : 0);
    }
  };
  return { row, grip, show };
};

const createBranchRow = (act) => {
  const [title, note] = [element("span", { class: "title" }), element("span", { class: "quiet note" })];
  const button = (name, icon) => element("button", { type: "button", class: "small", tabindex: -1, onclick: (event) => act(name, row.dataset.path, event.currentTarget) }, iconOf(icon));
  const [add, remove] = [button("addHere", "add"), button("removeBranch", "remove")];
  const row = element("div", { class: "row branch", role: "row", tabindex: -1 }, element("div", { class: "what", role: "gridcell" }, title, note, add, remove));
  const show = (item, { catalogue: { texts }, branches }) => {
    setting(row, "data-path", item.path);
    styling(row, "--depth", depthOf(ownerOf(item.path)));
    setting(row, "aria-level", depthOf(ownerOf(item.path)) + 2);
    const say = (text) => text.replace("{number}", item.branch);
    write(title, say(texts.branch));
    write(note, item.layers ? "" : texts.same);
    setting(add, "aria-label", say(texts.addHere));
    setting(add, "title", say(texts.addHere));
    setting(remove, "aria-label", say(texts.removeBranch));
    setting(remove, "title", say(texts.removeBranch));
    remove.hidden = branches(ownerOf(item.path)) <= 2;
  };
  return { row, show };
};
