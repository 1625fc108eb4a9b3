// Where layers stand: "3.0.2" is the third layer of the first branch of the fourth. As nnlab/nets/editing.py has
// it: a place to move to is counted while the layer still stands where it was.

const stepsOf = (path) => path.split(".").map(Number);
const ownerOf = (path) => path.split(".").slice(0, -1).join("."); // of a layer, the branch ("" for the network)
const placeOf = (path) => Number(path.split(".").at(-1));
const within = (owner, place) => (owner ? `${owner}.${place}` : String(place));
const beside = (path, by) => within(ownerOf(path), placeOf(path) + by);
const isInside = (path, outer) => path.startsWith(`${outer}.`);
const isLayer = (path) => stepsOf(path).length % 2 === 1; // else it is a branch
const depthOf = (path) => (stepsOf(path).length - 1) >> 1;

// Where the layer at `path` stands once it has moved to `to`.
const afterMove = (path, to) => {
  const steps = stepsOf(to);
  const at = stepsOf(path).length - 1;
  const shifts = at < steps.length && steps.slice(0, at).join(".") === ownerOf(path) && placeOf(path) < steps[at];
  return steps.map((step, place) => (place === at && shifts ? step - 1 : step)).join(".");
};

// What the keys need to know of the list: `items` as Python sends them, branches among the layers; `coming` gives the
// changes that it has not answered yet.
const createMap = (items, coming) => {
  const layers = items.filter(({ branch }) => branch === undefined);
  const lengthOf = (owner) => {
    const more = { duplicate: 1, remove: -1 };
    const changed = coming().reduce((sum, { op, path }) => sum + (more[op] && ownerOf(path) === owner ? more[op] : 0), 0);
    return layers.filter(({ path }) => ownerOf(path) === owner).length + changed;
  };
  const find = (path) => items.find((item) => item.path === path);
  const joins = (path) => find(path)?.branches !== undefined;

  // One place up or down: past a neighbour; at the end of a branch into the next one, or out of the last.
  const upward = (path) => {
    if (placeOf(path) > 0) return beside(path, -1);
    const branch = ownerOf(path);
    if (!branch) return null;
    const [join, number] = [ownerOf(branch), placeOf(branch)];
    return number > 0 ? within(within(join, number - 1), lengthOf(within(join, number - 1))) : join;
  };
  const downward = (path) => {
    const branch = ownerOf(path);
    if (placeOf(path) + 1 < lengthOf(branch)) return beside(path, 2);
    if (!branch) return null;
    const [join, number] = [ownerOf(branch), placeOf(branch)];
    return number + 1 < find(join).branches ? within(within(join, number + 1), 0) : beside(join, 1);
  };
  // Into the block above, at the end of its last branch, or into the one below; and out again, behind the block.
  const inward = (path) => {
    if (placeOf(path) > 0 && joins(beside(path, -1))) {
      const last = within(beside(path, -1), find(beside(path, -1)).branches - 1);
      return within(last, lengthOf(last));
    }
    return joins(beside(path, 1)) ? within(within(beside(path, 1), 0), 0) : null;
  };
  const outward = (path) => (ownerOf(path) ? beside(ownerOf(ownerOf(path)), 1) : null);

  // What is worked on after the layer at `path` is gone.
  const afterRemoval = (path) => {
    if (placeOf(path) + 1 < lengthOf(ownerOf(path))) return path;
    return placeOf(path) > 0 ? beside(path, -1) : ownerOf(path) || null;
  };
  return { layers, find, joins, lengthOf, afterRemoval, moves: { ArrowUp: upward, ArrowDown: downward, ArrowRight: inward, ArrowLeft: outward } };
};
