// One axis of a sliding window: which places of the input each window covers, also beyond its edges.

// `windows[o]` lists the taps of output o as places on the input, negative or past its end where padding is.
const createAxis = ({ extent, before, after, windows, counts, mode }) => {
  // The place whose value stands at `at`, or null where padding puts a constant.
  const source = (at) => {
    if (at >= 0 && at < extent) return at;
    if (mode === "reflect") return at < 0 ? -at : 2 * (extent - 1) - at;
    if (mode === "replicate") return at < 0 ? 0 : extent - 1;
    if (mode === "circular") return ((at % extent) + extent) % extent;
    return null;
  };
  const reached = Array.from({ length: extent }, () => new Set());
  windows.forEach((taps, out) => {
    for (const tap of taps) if (source(tap) !== null) reached[source(tap)].add(out);
  });
  const shown = before + extent + after;
  return { extent, before, after, windows, counts, source, shown, feeds: (at) => [...reached[at]] };
};
