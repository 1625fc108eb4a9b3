// A network to scale, as it was laid out in Python (diagram_layout.py). Elements are kept by their ids, so that a
// change of the network moves what stays and adds or takes away the rest.

export default (component, css) => mountView(component, css, createDiagram);

const SVG = "http://www.w3.org/2000/svg";
const svgElement = (tag, attributes = {}, ...children) => {
  const made = document.createElementNS(SVG, tag);
  setAll(made, attributes);
  made.append(...children);
  return made;
};
// Only what is another: an attribute that is written makes the browser paint.
const setAll = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
};

// How each type of item is made, and brought up to date; `node.parts` are its elements by name.
const grouped = (parts) => {
  const node = svgElement("g", {}, ...Object.values(parts));
  node.parts = parts;
  return node;
};
const DRAW = {
  slab: {
    make: () => {
      const names = ["top", "side", "front", "bands", "pattern"];
      return grouped(Object.fromEntries(names.map((name) => [name, svgElement("path", { class: name })])));
    },
    set: (node, { front: [x, y, w, h], right, up, parts, family, wrong }) => {
      const { top, side, front, bands, pattern } = node.parts;
      const face = `M${x + w} ${y}l${right} ${-up}v${h}l${-right} ${up}z`;
      setAll(top, { d: right ? `M${x} ${y}h${w}l${right} ${-up}h${-w}z` : "" });
      setAll(side, { d: right ? face : "" });
      setAll(front, { d: `M${x} ${y}h${w}v${h}h${-w}z` });
      let at = 0;
      const cuts = parts.slice(0, -1).map((share) => {
        at += share;
        return right ? `M${x + at * w} ${y + h}v${-h}l${right} ${-up}` : `M${x} ${y + at * h}h${w}`;
      });
      setAll(bands, { d: cuts.join("") });
      setAll(pattern, { d: right ? face : `M${x} ${y}h${w}v${h}h${-w}z` });
      setAll(node, { class: `slab ${family}${wrong ? " wrong" : ""}` });
    },
  },
  edge: {
    make: () => grouped({ line: svgElement("path", { class: "line" }), tip: svgElement("path", { class: "tip" }), text: svgElement("text") }),
    set: (node, { ends: [x, y, toX, toY], thick, weight, text, textX, tip, dashed }) => {
      const middle = (x + toX) / 2;
      const bent = `M${x} ${y}C${middle} ${y} ${middle} ${toY} ${toX} ${toY}`;
      setAll(node.parts.line, {
        d: y === toY ? `M${x} ${y}H${Math.max(x, toX - tip)}` : bent,
        "stroke-width": thick,
        "stroke-dasharray": dashed ? "3 3" : null,
      });
      setAll(node.parts.tip, { d: tip ? `M${toX} ${y}l${-tip} ${-tip}v${2 * tip}z` : "" });
      setAll(node.parts.text, { x: textX, y: y - Math.max(thick / 2, tip) - 3 });
      if (node.parts.text.textContent !== text) node.parts.text.textContent = text;
      setAll(node, { class: "edge", style: `--weight: ${Math.round(100 * weight)}%` });
    },
  },
  sign: {
    make: () => grouped({ back: svgElement("path", { class: "back" }), strokes: svgElement("path", { class: "strokes" }), text: svgElement("text") }),
    set: (node, { form, x, y, wrong }) => {
      const round = `M${x - 10} ${y}a10 10 0 1 0 20 0a10 10 0 1 0 -20 0z`;
      const bracket = `M${x - 10} ${y - 15}h16a4 4 0 0 1 4 4v22a4 4 0 0 1 -4 4h-16`;
      const strokes = {
        sum: `M${x - 5} ${y}h10M${x} ${y - 5}v10`,
        cat: "",
        break: `M${x - 4} ${y - 4}l8 8M${x - 4} ${y + 4}l8 -8`,
      };
      setAll(node.parts.back, { d: form === "cat" ? bracket : round });
      setAll(node.parts.strokes, { d: strokes[form] });
      setAll(node.parts.text, { x: x - 1, y: y + 3.5 });
      node.parts.text.textContent = form === "cat" ? "cat" : "";
      setAll(node, { class: `sign ${form}${wrong ? " wrong" : ""}` });
    },
  },
  label: {
    make: () => grouped({}),
    set: (node, { x, y, lines, paths, role }) => {
      while (node.childElementCount < lines.length) node.append(svgElement("text"));
      while (node.childElementCount > lines.length) node.lastChild.remove();
      lines.forEach((line, at) => {
        const text = node.children[at];
        setAll(text, { x, y: y + 11 + 13 * at, "data-path": paths[at] });
        if (text.textContent !== line) text.textContent = line;
      });
      setAll(node, { class: `label ${role}` });
    },
  },
};

// Patterns tell the caps apart where colours do not.
const createPatterns = () => {
  const pattern = (id, d) =>
    svgElement("pattern", { id, width: 5, height: 5, patternUnits: "userSpaceOnUse" }, svgElement("path", { d }));
  return svgElement("defs", {}, pattern("lines", "M0 2.5h5"), pattern("slants", "M-1 1l2 -2M0 5l5 -5M4 6l2 -2"), pattern("crosses", "M2.5 0v5M0 2.5h5"));
};

const createDiagram = (host) => {
  const canvas = svgElement("g", {});
  const svg = svgElement("svg", { role: "listbox" }, createPatterns(), canvas);
  const scroller = element("div", { class: "scroller" }, svg);
  const name = element("b");
  const facts = element("span");
  const opener = element("button", { type: "button", onclick: () => open(chosen) });
  const readout = element("div", { class: "readout", "aria-live": "off" }, element("span", {}, name, facts), opener);
  const legend = element("div", { class: "legend quiet" });
  host.append(scroller, readout, legend);

  const nodes = new Map(); // by id
  let header, component, pointed = null, chosen = null, asked, focused = null;

  const layerOf = (path) => header.layers.find((layer) => layer.path === path);
  const stopsOf = (path) => [...nodes.values()].filter((node) => node.item.path === path); // slabs and signs

  const draw = () => {
    const kept = new Set();
    let before = null;
    for (const item of header.items) {
      const known = nodes.get(item.id);
      const node = known ?? DRAW[item.type].make();
      node.item = item;
      DRAW[item.type].set(node, item);
      nodes.set(item.id, node);
      kept.add(item.id);
      const place = before ? before.nextSibling : canvas.firstChild;
      if (place !== node) canvas.insertBefore(node, place);
      before = node;
    }
    for (const [id, node] of nodes) {
      if (kept.has(id)) continue;
      node.remove();
      nodes.delete(id);
    }
    setAll(svg, { width: header.width, height: header.height, "aria-label": header.texts.label });
    nameAll();
  };

  // Each layer is an option of a list box, in the order of the trace; of one with two signs, the first is.
  const nameAll = () => {
    const seen = new Set();
    const walk = stops();
    if (!walk.includes(focused)) [focused] = walk;
    for (const node of nodes.values()) {
      const { type, path } = node.item;
      if (type !== "slab" && type !== "sign") continue;
      const first = walk.includes(path) && !seen.has(path);
      seen.add(path);
      setAll(node, {
        role: first ? "option" : null,
        "aria-label": first ? spoken(path) : null,
        "aria-hidden": first ? null : "true",
        "data-path": path === "" || walk.includes(path) ? path : null,
        tabindex: first ? (path === focused ? 0 : -1) : null,
      });
    }
  };
  // The layers, and the one that does not fit.
  const stops = () => {
    const broken = header.items.filter((item) => item.type === "sign" && item.wrong).map((item) => item.path);
    return [...new Set([...header.layers.map((layer) => layer.path), ...broken])];
  };
  const told = (path) => {
    const layer = layerOf(path);
    if (path === "") return [header.input[0], header.input[1]];
    if (layer) return [layer.name, `${layer.kind} · ${layer.facts}`];
    return path === null || path === undefined ? ["", header.texts.sum] : ["", header.problem ?? ""];
  };
  const spoken = (path) => told(path).filter(Boolean).join(": ");

  const show = () => {
    for (const node of nodes.values()) {
      const { type, path } = node.item;
      if (type === "label")
        for (const text of node.children) text.classList.toggle("chosen", chosen !== null && text.dataset.path === chosen);
      if (type !== "slab" && type !== "sign") continue;
      node.classList.toggle("pointed", pointed !== null && path === pointed);
      node.classList.toggle("chosen", chosen !== null && path === chosen);
      if (node.hasAttribute("role")) setAll(node, { "aria-selected": path === chosen });
    }
    const [title, rest] = told(pointed ?? chosen);
    if (name.textContent !== title) name.textContent = title;
    if (facts.textContent !== rest) facts.textContent = rest;
    opener.classList.toggle("away", !header.texts.open || !layerOf(chosen) || (pointed ?? chosen) !== chosen);
  };

  const point = (path, tell = true) => {
    if (path === pointed) return;
    pointed = path;
    show();
    const detail = { key: header.linked, path: path === "" ? null : path };
    if (tell) document.dispatchEvent(new CustomEvent("nnlab:layer", { detail }));
  };
  const choose = (path) => {
    if (!path) return;
    chosen = path;
    show();
    component.setStateValue("chosen", path);
  };

  // The linked list knows how a layer is opened.
  const open = (path) => {
    if (header.texts.open && layerOf(path)) document.dispatchEvent(new CustomEvent("nnlab:open", { detail: { key: header.linked, path } }));
  };

  // From lists that are linked with this picture.
  const heard = ({ detail }) => {
    if (!header || detail?.key !== header.linked || detail.path === pointed) return;
    point(detail.path ?? null, false);
    if (detail.path) bringIntoView(detail.path);
  };
  const bringIntoView = (path) => {
    const boxes = stopsOf(path).map((node) => node.getBoundingClientRect());
    if (!boxes.length) return;
    const [left, right] = [Math.min(...boxes.map((box) => box.left)), Math.max(...boxes.map((box) => box.right))];
    const view = scroller.getBoundingClientRect();
    const margin = 44; // more than what fades
    const by = Math.max(0, right + margin - view.right) || Math.min(0, left - margin - view.left);
    if (by) scroller.scrollLeft += by;
  };

  const pathAt = (event) => event.target.closest?.("[data-path]")?.dataset.path ?? null;
  svg.addEventListener("pointerover", (event) => point(pathAt(event)));
  svg.addEventListener("pointerleave", () => point(null));
  svg.addEventListener("click", (event) => choose(pathAt(event)));
  svg.addEventListener("dblclick", (event) => open(pathAt(event)));
  svg.addEventListener("focusin", (event) => point(pathAt(event)));
  svg.addEventListener("focusout", () => point(null));

  const focus = (path) => {
    focused = path;
    nameAll();
    const node = stopsOf(path).find((one) => one.hasAttribute("role"));
    node?.focus({ preventScroll: true });
    bringIntoView(path);
  };
  const centre = (node) => {
    const { x, y, width, height } = node.getBBox();
    return [x + width / 2, y + height / 2];
  };
  // Left and right follow the trace; up and down go to the nearest layer of another lane.
  const besides = (path, down) => {
    const options = [...nodes.values()].filter((node) => node.getAttribute("role") === "option");
    const here = options.find((node) => node.item.path === path);
    const [x, y] = centre(here);
    const far = (node) => {
      const [atX, atY] = centre(node);
      return Math.abs(atX - x) + Math.abs(atY - y);
    };
    const there = options.filter((node) => (centre(node)[1] - y) * down > 20 && Math.abs(centre(node)[0] - x) < 200);
    return there.sort((a, b) => far(a) - far(b))[0]?.item.path;
  };
  svg.addEventListener("keydown", (event) => {
    const path = pathAt(event);
    if (path === null) return;
    const walk = stops();
    const at = walk.indexOf(path);
    const to = {
      ArrowLeft: () => walk[Math.max(0, at - 1)],
      ArrowRight: () => walk[Math.min(walk.length - 1, at + 1)],
      ArrowUp: () => besides(path, -1),
      ArrowDown: () => besides(path, 1),
      Home: () => walk[0],
      End: () => walk.at(-1),
    }[event.key];
    if (to) {
      event.preventDefault();
      const next = to();
      if (next) focus(next);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(path);
    }
  });

  // A side that fades shows that there is more of the network beyond it.
  const fade = () => {
    const { scrollLeft, clientWidth, scrollWidth } = scroller;
    scroller.classList.toggle("before", scrollLeft > 2);
    scroller.classList.toggle("beyond", scrollLeft + clientWidth < scrollWidth - 2);
  };
  scroller.addEventListener("scroll", fade, { passive: true });

  const explain = () => {
    const rulers = header.scale.map(({ text, long }) =>
      element("span", { class: "scale-line" }, element("i", { class: "ruler", style: `width: ${long}px` }), text),
    );
    const swatches = Object.entries(header.families).map(([family, text]) =>
      element("span", {}, element("i", { class: `swatch ${family}` }), text),
    );
    const edges = header.edges ? [element("span", {}, element("i", { class: "wedge" }), header.edges)] : [];
    legend.replaceChildren(...swatches, ...rulers, ...edges);
  };

  const update = ({ header: next }, mounted) => {
    component = mounted;
    header = next;
    const other = header.chosen !== asked && header.chosen !== chosen;
    if (header.chosen !== asked) chosen = header.chosen;
    asked = header.chosen;
    opener.textContent = header.texts.open ?? "";
    themeOf(host).lines.forEach((colour, at) => host.style.setProperty(`--c${at}`, colour));
    draw();
    explain();
    show();
    // Once the browser has laid it out: asking for places before would make it do so twice.
    requestAnimationFrame(() => {
      if (other && chosen) bringIntoView(chosen);
      fade();
    });
  };
  document.addEventListener("nnlab:layer", heard);
  return { update, resized: fade, destroy: () => document.removeEventListener("nnlab:layer", heard) };
};
