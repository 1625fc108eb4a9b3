// The drawing in the browser's own memory of this tab, as a page that is loaded again is another session, which
// knows nothing of it. What stands there may be anything, or nothing may be allowed to stand there.

const KEPT = "nnlab-drawing";

const keepDrawing = (drawing) => {
  try {
    if (drawing.strokes.length) sessionStorage.setItem(KEPT, JSON.stringify(drawing));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // there is no room, or no permission: then it does not outlive the page
  }
};

const keptDrawing = () => {
  const numbers = (some) => Array.isArray(some) && some.every(Number.isFinite);
  const beside = (lists, strokes) => (Array.isArray(lists) && lists.length === strokes.length && lists.every(numbers) ? lists : undefined);
  try {
    const { strokes, times, pressures, pen } = JSON.parse(sessionStorage.getItem(KEPT));
    const fits = strokes.length > 0 && strokes.every((flat) => numbers(flat) && flat.length > 1 && flat.length % 2 === 0);
    if (!fits || !(pen >= 8 && pen <= 32)) return null;
    return { strokes, times: beside(times, strokes), pressures: beside(pressures, strokes), pen };
  } catch {
    return null;
  }
};
