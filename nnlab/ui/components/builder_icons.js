// The signs on the buttons of the list, as strokes on a field of 16 x 16.

const STROKES = {
  add: "M8 3v10M3 8h10",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  duplicate: "M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3",
  remove: "M4 4l8 8M12 4l-8 8",
  open: "M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3M4.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
  branch: "M2 8h3c3 0 2.5-4.5 5.5-4.5H14M5 8c3 0 2.5 4.5 5.5 4.5H14",
  undo: "M6 3L3 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H6",
  redo: "M10 3l3 3-3 3M13 6H6.5a3.5 3.5 0 0 0 0 7H10",
  save: "M8 2v8M4.5 7L8 10.5L11.5 7M2.5 13.5h11",
  train: "M2 13.5C6 13.5 5 4 9 4c2.5 0 3 2 5 2M2 2v11.5h12",
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
};

const iconOf = (name) => {
  const make = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const [svg, path] = [make("svg"), make("path")];
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `icon ${name}-icon`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
};
