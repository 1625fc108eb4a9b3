// Walks through the steps of a descent: a button that plays, a slider, and where it stands.

const PLAYED = 4; // seconds from the first step to the last

// `onStep(step)` is called whenever another step is shown, `onRest(step)` when it stays there.
const createPlayer = (onStep, onRest = () => {}) => {
  const toggle = element("button", { type: "button", onclick: () => (playing ? rest() : play()) });
  const back = element("button", { type: "button", onclick: () => walk(-1) }, "−1");
  const forth = element("button", { type: "button", onclick: () => walk(1) }, "+1");
  const range = element("input", { type: "range", min: 0, step: 1 });
  const label = element("span", { class: "number" });
  const box = element("div", { class: "player" }, toggle, back, range, forth, label);
  let total = 0, step = 0, playing = null, texts;

  const show = () => {
    range.value = step;
    label.textContent = `${texts.step} ${step} / ${total}`;
    toggle.textContent = `${playing === null ? "▶" : "❚❚"} ${playing === null ? texts.play : texts.pause}`;
    back.disabled = step <= 0;
    forth.disabled = step >= total;
    box.dataset.step = step;
    box.dataset.playing = playing !== null;
  };
  const go = (next) => {
    step = Math.max(0, Math.min(total, next));
    show();
    onStep(step);
  };
  const rest = () => {
    if (playing !== null) cancelAnimationFrame(playing);
    playing = null;
    show();
    onRest(step);
  };
  const walk = (by) => {
    rest();
    go(step + by);
    onRest(step);
  };
  const play = () => {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      go(total);
      return rest();
    }
    const from = step >= total ? 0 : step;
    // As many steps a second whatever there are, but a short descent is not over in a blink.
    const seconds = Math.min(PLAYED, total / 8) || 1;
    let start = null;
    const frame = (now) => {
      start ??= now;
      const at = from + Math.floor(((now - start) / 1000 / seconds) * total);
      if (at !== step) go(at);
      if (at >= total) return rest();
      playing = requestAnimationFrame(frame);
    };
    if (playing !== null) cancelAnimationFrame(playing);
    playing = requestAnimationFrame(frame);
    go(from);
  };
  range.addEventListener("input", () => {
    if (playing !== null) cancelAnimationFrame(playing);
    playing = null;
    go(Number(range.value));
  });
  range.addEventListener("change", () => onRest(step));

  const update = (count, words) => {
    const wasLast = step >= total;
    [total, texts] = [count, words];
    range.max = total;
    range.setAttribute("aria-label", words.step);
    back.setAttribute("aria-label", words.back);
    forth.setAttribute("aria-label", words.forth);
    if (step > total || (wasLast && playing === null)) step = total;
    show();
  };
  const stop = () => playing !== null && cancelAnimationFrame(playing);
  return { box, update, go, play, stop, walk, at: () => step, busy: () => playing !== null };
};
