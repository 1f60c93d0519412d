// Where the boxes of a directed graph stand: in layers from left to right, with few crossings, neighbours on a level.
// Pure: boxes are {id, width, height}, edges {from, to}; nothing here knows what they mean.

const GAP_ACROSS = 18; // between boxes of a layer
const GAP_ALONG = 88; // between layers, where the edges turn
const GAP_PARTS = 36; // between parts that have nothing to do with each other
const SWEEPS = 12;

export function layout(boxes, edges) {
  const known = new Set(boxes.map((box) => box.id));
  const wanted = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const places = new Map(), paths = [];
  let width = 0, top = 0;
  const lone = [];
  for (const part of parts(boxes, wanted)) {
    if (part.boxes.length === 1) { lone.push(part.boxes[0]); continue; }
    const done = layPart(part.boxes, part.edges);
    for (const [id, { x, y }] of done.places) places.set(id, { x, y: y + top });
    for (const path of done.paths) paths.push({ ...path, points: path.points.map(([x, y]) => [x, y + top]) });
    width = Math.max(width, done.width);
    top += done.height + GAP_PARTS;
  }
  // Who sends nothing to anybody stands below, in rows.
  const room = Math.max(width, 700);
  let x = 0, high = 0;
  for (const box of lone) {
    if (x && x + box.width > room) { x = 0; top += high + GAP_ACROSS; high = 0; }
    places.set(box.id, { x, y: top });
    x += box.width + GAP_ACROSS;
    high = Math.max(high, box.height);
    width = Math.max(width, x - GAP_ACROSS);
  }
  return { width, height: lone.length ? top + high : Math.max(0, top - GAP_PARTS), places, paths };
}

// The connected parts, the largest first.
function parts(boxes, edges) {
  const parent = new Map(boxes.map((box) => [box.id, box.id]));
  const root = (id) => {
    while (parent.get(id) !== id) { parent.set(id, parent.get(parent.get(id))); id = parent.get(id); }
    return id;
  };
  for (const { from, to } of edges) parent.set(root(from), root(to));
  const found = new Map();
  for (const box of boxes) {
    const key = root(box.id);
    if (!found.has(key)) found.set(key, { boxes: [], edges: [] });
    found.get(key).boxes.push(box);
  }
  for (const edge of edges) found.get(root(edge.from)).edges.push(edge);
  return [...found.values()].sort((a, b) => b.boxes.length - a.boxes.length);
}

function layPart(boxes, edges) {
  const forward = withoutCycles(boxes, edges);
  const layerOf = layers(boxes, forward);
  const { rows, links, chains } = withBends(boxes, forward, layerOf);
  order(rows, links);
  const ys = level(rows, links);
  // Columns as wide as their widest box.
  const lefts = [], widths = [];
  let x = 0;
  for (const row of rows) {
    const wide = Math.max(...row.map((cell) => cell.width));
    lefts.push(x);
    widths.push(wide);
    x += wide + GAP_ALONG;
  }
  const lowest = Math.min(...[...ys].map(([cell, y]) => y - cell.height / 2));
  const places = new Map();
  let height = 0;
  rows.forEach((row, at) => {
    for (const cell of row) {
      cell.x = lefts[at] + (widths[at] - cell.width) / 2;
      cell.y = ys.get(cell) - lowest;
      cell.left = lefts[at];
      cell.right = lefts[at] + widths[at];
      height = Math.max(height, cell.y + cell.height / 2);
      if (!cell.bend) places.set(cell.id, { x: cell.x, y: cell.y - cell.height / 2 });
    }
  });
  const paths = chains.map(({ edge, cells, isBack }) => {
    const points = cells.flatMap((cell, at) => {
      if (cell.bend) return [[cell.left, cell.y], [cell.right, cell.y]];
      return [[at === 0 ? cell.x + cell.width : cell.x, cell.y]];
    });
    return { from: edge.from, to: edge.to, points: isBack ? points.reverse() : points, isBack };
  });
  return { width: x - GAP_ALONG, height, places, paths };
}

// Turns round the edges that close a circle: depth first, from those that nobody sends to, or send most.
function withoutCycles(boxes, edges) {
  const out = new Map(boxes.map((box) => [box.id, []]));
  const weight = new Map(boxes.map((box) => [box.id, 0]));
  const comes = new Map(boxes.map((box) => [box.id, 0]));
  for (const edge of edges) {
    out.get(edge.from).push(edge);
    weight.set(edge.from, weight.get(edge.from) + 1);
    weight.set(edge.to, weight.get(edge.to) - 1);
    comes.set(edge.to, comes.get(edge.to) + 1);
  }
  const state = new Map(), back = new Set();
  const starts = [...boxes].sort((a, b) => !comes.get(b.id) - !comes.get(a.id) || (b.first ?? 0) - (a.first ?? 0) || weight.get(b.id) - weight.get(a.id));
  for (const start of starts) {
    if (state.has(start.id)) continue;
    const stack = [[start.id, 0]];
    state.set(start.id, "open");
    while (stack.length) {
      const top = stack.at(-1), edge = out.get(top[0])[top[1]++];
      if (!edge) { state.set(top[0], "done"); stack.pop(); }
      else if (state.get(edge.to) === "open") back.add(edge);
      else if (!state.has(edge.to)) { state.set(edge.to, "open"); stack.push([edge.to, 0]); }
    }
  }
  return edges.map((edge) => (back.has(edge) ? { from: edge.to, to: edge.from, edge, isBack: true } : { from: edge.from, to: edge.to, edge, isBack: false }));
}

// The layer of each box: as far left as what sends to it allows; those that only send stand next to whom they send to.
function layers(boxes, edges) {
  const comes = new Map(boxes.map((box) => [box.id, 0])), out = new Map(boxes.map((box) => [box.id, []]));
  for (const edge of edges) { comes.set(edge.to, comes.get(edge.to) + 1); out.get(edge.from).push(edge.to); }
  const layer = new Map(boxes.map((box) => [box.id, 0]));
  const sources = boxes.filter((box) => !comes.get(box.id)).map((box) => box.id);
  const ready = [...sources];
  while (ready.length) {
    const id = ready.pop();
    for (const to of out.get(id)) {
      layer.set(to, Math.max(layer.get(to), layer.get(id) + 1));
      comes.set(to, comes.get(to) - 1);
      if (!comes.get(to)) ready.push(to);
    }
  }
  for (const id of sources) layer.set(id, Math.min(...out.get(id).map((to) => layer.get(to) - 1)));
  return layer;
}

// An edge over several layers goes through a bend in each of them, so that it finds its way between the boxes.
function withBends(boxes, edges, layerOf) {
  const cells = new Map(boxes.map((box) => [box.id, { ...box, next: [], before: [] }]));
  const rows = Array.from({ length: Math.max(...layerOf.values()) + 1 }, () => []);
  for (const cell of cells.values()) rows[layerOf.get(cell.id)].push(cell);
  const links = [], chains = [];
  for (const { from, to, edge, isBack } of edges) {
    const chain = [cells.get(from)];
    for (let layer = layerOf.get(from) + 1; layer < layerOf.get(to); layer++) {
      const bend = { bend: true, width: 0, height: 2, next: [], before: [] };
      rows[layer].push(bend);
      chain.push(bend);
    }
    chain.push(cells.get(to));
    for (let at = 1; at < chain.length; at++) {
      chain[at - 1].next.push(chain[at]);
      chain[at].before.push(chain[at - 1]);
      links.push([chain[at - 1], chain[at]]);
    }
    chains.push({ edge, cells: chain, isBack });
  }
  return { rows, links, chains };
}

// Each box where its neighbours are on average, to and fro; the order with the fewest crossings is kept.
function order(rows, links) {
  const number = () => rows.forEach((row) => row.forEach((cell, at) => (cell.at = at)));
  number();
  let best = rows.map((row) => [...row]), fewest = crossings(rows);
  for (let sweep = 0; sweep < SWEEPS && fewest; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      for (const cell of row) {
        const near = down ? cell.before : cell.next;
        cell.want = near.length ? near.reduce((sum, other) => sum + other.at, 0) / near.length : cell.at;
      }
      row.sort((a, b) => a.want - b.want || a.at - b.at).forEach((cell, at) => (cell.at = at));
    }
    const now = crossings(rows);
    if (now < fewest) { fewest = now; best = rows.map((row) => [...row]); }
  }
  best.forEach((row, at) => (rows[at] = row));
  number();
}

function crossings(rows) {
  let sum = 0;
  for (const row of rows) {
    const ends = row.flatMap((cell) => cell.next.map((other) => other.at).sort((a, b) => a - b));
    for (let i = 1; i < ends.length; i++) for (let j = 0; j < i; j++) if (ends[j] > ends[i]) sum++;
  }
  return sum;
}

// How high each box stands: as near to the middle of its neighbours as the order and the gaps allow.
function level(rows, links) {
  const ys = new Map();
  for (const row of rows) {
    let y = 0;
    for (const cell of row) { ys.set(cell, y + cell.height / 2); y += cell.height + GAP_ACROSS; }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const row of sweep % 2 ? [...rows].reverse() : rows) {
      const want = row.map((cell) => {
        const near = sweep < 4 ? (sweep % 2 ? cell.next : cell.before) : [...cell.before, ...cell.next];
        return near.length ? near.reduce((sum, other) => sum + ys.get(other), 0) / near.length : ys.get(cell);
      });
      spread(row, want).forEach((y, at) => ys.set(row[at], y));
    }
  }
  return ys;
}

// The heights nearest to the wanted ones that keep order and gaps: neighbours that would overlap move as one.
export function spread(row, want) {
  const offsets = [];
  row.forEach((cell, at) => offsets.push(at ? offsets[at - 1] + row[at - 1].height / 2 + GAP_ACROSS + cell.height / 2 : 0));
  const blocks = [];
  want.forEach((y, at) => {
    let block = { sum: y - offsets[at], size: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).size > block.sum / block.size) {
      const other = blocks.pop();
      block = { sum: block.sum + other.sum, size: block.size + other.size };
    }
    blocks.push(block);
  });
  const bases = blocks.flatMap(({ sum, size }) => Array(size).fill(sum / size));
  return bases.map((base, at) => base + offsets[at]);
}
