// The menu of what can be added: blocks and kinds of layers by family, found by typing.

const createMenu = (host, { pick }) => {
  const search = element("input", { type: "search", role: "combobox", "aria-expanded": "true", "aria-controls": "choices", autocomplete: "off", spellcheck: "false" });
  const list = element("div", { class: "choices", id: "choices", role: "listbox" });
  const about = element("p", { class: "about quiet" });
  const box = element("div", { class: "menu", popover: "manual" }, search, list, about);
  host.append(box);
  let known, options = [], at = 0, anchor = null, place = null;

  const fill = (catalogue) => {
    known = catalogue;
    search.placeholder = known.texts.search;
    search.setAttribute("aria-label", known.texts.search);
    list.setAttribute("aria-label", known.texts.add);
  };

  const groups = () => {
    const kinds = Object.entries(known.kinds);
    const families = Object.entries(known.families).map(([family, title]) => ({
      title,
      family,
      found: kinds.filter(([, kind]) => kind.family === family).map(([kind, told]) => ({ kind, ...told })),
    }));
    return [{ title: known.texts.blocks, family: "join", found: known.blocks }, ...families];
  };

  const show = () => {
    const wanted = search.value.trim().toLowerCase().replace(/[\s_-]+/g, "");
    const plain = (text) => text.toLowerCase().replace(/[\s_-]+/g, "");
    options = [];
    const shown = groups().flatMap(({ title, family, found }) => {
      const fitting = found.filter((one) => [one.kind, one.title, title].some((text) => plain(text).includes(wanted)));
      if (!fitting.length) return [];
      const buttons = fitting.map((one) => {
        const number = options.length;
        const option = element("div", { class: `option ${family}`, role: "option", id: `choice-${number}`, onclick: () => choose(number), onpointermove: () => mark(number) }, one.title);
        options.push({ ...one, option });
        return option;
      });
      return [element("div", { class: "family quiet", role: "presentation" }, title), element("div", { class: "group", role: "presentation" }, ...buttons)];
    });
    list.replaceChildren(...(shown.length ? shown : [element("p", { class: "quiet" }, known.texts.nothing)]));
    mark(0, true);
  };

  const mark = (number, scroll = false) => {
    at = Math.max(0, Math.min(options.length - 1, number));
    options.forEach(({ option }, i) => option.setAttribute("aria-selected", i === at));
    about.textContent = options[at]?.about ?? "\u00a0";
    if (options[at]) search.setAttribute("aria-activedescendant", `choice-${at}`);
    else search.removeAttribute("aria-activedescendant");
    if (scroll) options[at]?.option.scrollIntoView({ block: "nearest" });
  };

  const choose = (number) => {
    const chosen = options[number];
    if (!chosen) return;
    const to = place;
    close(false);
    pick(to, chosen.kind);
  };

  // Up and down go to what stands there: the choices lie in rows.
  const vertical = (by) => {
    const here = options[at].option.getBoundingClientRect();
    const middle = here.left + here.width / 2;
    const far = ({ option }) => {
      const box = option.getBoundingClientRect();
      return Math.abs(box.top - here.top) * 4 + Math.abs(box.left + box.width / 2 - middle);
    };
    const there = options.filter(({ option }) => (option.getBoundingClientRect().top - here.top) * by > 4);
    const next = there.sort((a, b) => far(a) - far(b))[0];
    return next ? options.indexOf(next) : at;
  };

  const STEPS = {
    ArrowDown: () => mark(vertical(1), true),
    ArrowUp: () => mark(vertical(-1), true),
    ArrowRight: () => mark(at + 1, true),
    ArrowLeft: () => mark(at - 1, true),
    Enter: () => choose(at),
    Escape: () => close(true),
    Tab: () => close(true),
  };
  box.addEventListener("keydown", (event) => {
    event.stopPropagation(); // to the list, where the keys do other things
    const typing = search.value && (event.key === "ArrowLeft" || event.key === "ArrowRight");
    if (!STEPS[event.key] || typing || event.isComposing || !(options.length || ["Escape", "Tab"].includes(event.key))) return;
    event.preventDefault();
    STEPS[event.key]();
  });
  search.addEventListener("input", show);

  // Beside what opened it, within the window; on a small screen over its whole width.
  const settle = () => {
    const from = anchor.getBoundingClientRect();
    const [width, height] = [Math.min(460, innerWidth - 16), Math.min(430, innerHeight - 16)];
    const below = innerHeight - from.bottom - 8 >= Math.min(height, 260) || from.top < innerHeight / 2;
    const room = below ? innerHeight - from.bottom - 12 : from.top - 12;
    const tall = Math.max(220, Math.min(height, room));
    Object.assign(box.style, {
      width: `${width}px`,
      left: `${Math.max(8, Math.min(from.left, innerWidth - width - 8))}px`,
      top: `${Math.max(8, below ? Math.min(from.bottom + 4, innerHeight - tall - 8) : from.top - tall - 4)}px`,
      height: `${tall}px`,
    });
  };

  const open = (button, path) => {
    if (anchor === button && place === path) return close(true);
    close(false);
    [anchor, place] = [button, path];
    anchor.setAttribute("aria-expanded", "true");
    search.value = "";
    box.showPopover();
    settle();
    show();
    search.focus();
  };
  const close = (back) => {
    if (!anchor) return;
    const from = anchor;
    anchor = place = null;
    from.setAttribute("aria-expanded", "false");
    box.hidePopover();
    if (back) from.focus();
  };
  const outside = (event) => anchor && !event.composedPath().includes(box) && !event.composedPath().includes(anchor) && close(false);
  const scrolled = (event) => anchor && !event.composedPath().includes(box) && settle();
  document.addEventListener("pointerdown", outside);
  addEventListener("resize", scrolled);
  document.addEventListener("scroll", scrolled, { capture: true, passive: true });
  const destroy = () => {
    document.removeEventListener("pointerdown", outside);
    removeEventListener("resize", scrolled);
    document.removeEventListener("scroll", scrolled, { capture: true });
  };
  return { fill, open, close, destroy };
};
