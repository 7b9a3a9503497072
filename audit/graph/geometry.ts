/** A box, by its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [x: number, y: number];

export const right = ({ x, width }: Box): number => x + width;
export const bottom = ({ y, height }: Box): number => y + height;
export const centre = ({ x, y, width, height }: Box): Point => [x + width / 2, y + height / 2];

/** A number in an SVG: one decimal, so that the same graph is the same text everywhere, and a short one. */
export const fixed = (value: number): string => String(Math.round(value * 10) / 10);

const cornerRadius = 7;

/** The path along points, with round corners. */
export function roundedPath(points: readonly Point[]): string {
  const parts: string[] = [];
  points.forEach((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (before === undefined) parts.push(`M${pair(point)}`);
    else if (after === undefined) parts.push(`L${pair(point)}`);
    else {
      const radius = Math.min(
        cornerRadius,
        distance(before, point) / 2,
        distance(point, after) / 2,
      );
      parts.push(`L${pair(towards(point, before, radius))}`);
      parts.push(`Q${pair(point)} ${pair(towards(point, after, radius))}`);
    }
  });
  return parts.join('');
}

/** The corners of an arrow's head that ends a path. */
export function arrowHead(points: readonly Point[]): string {
  const [tip = [0, 0] as const, before = tip] = points.toReversed();
  const back = towards(tip, before, 7);
  const [dx, dy] = [(tip[0] - back[0]) / 7, (tip[1] - back[1]) / 7];
  const corners: Point[] = [
    tip,
    [back[0] - dy * 4, back[1] + dx * 4],
    [back[0] + dy * 4, back[1] - dx * 4],
  ];
  return corners.map(pair).join(' ');
}

function pair([x, y]: Point): string {
  return `${fixed(x)},${fixed(y)}`;
}

function distance([x1, y1]: Point, [x2, y2]: Point): number {
  return Math.hypot(x2 - x1, y2 - y1);
}

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to);
  if (length === 0) return from;
  return [from[0] + ((to[0] - from[0]) * by) / length, from[1] + ((to[1] - from[1]) * by) / length];
}
