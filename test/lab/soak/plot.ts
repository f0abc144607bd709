/** A line plot as SVG text, for a page that is read in a browser. Pure: equal series, equal text. */
import { type Point, peaksOf } from "./trend.ts";

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** Dots instead of a line. */
  readonly dots?: true;
}

export interface Plot {
  readonly title: string;
  /** What x and y count, as in `minutes` and `MiB`. */
  readonly units: readonly [x: string, y: string];
  readonly series: readonly Series[];
  /** Where on x something is to be marked by a vertical line. */
  readonly marks: readonly number[];
}

const [WIDTH, HEIGHT] = [900, 280];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 52, 36];
/** Points of one line: more than there are pixels tell nothing more. */
const MOST_POINTS = 400;
/** Told apart by people who see fewer colours too (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/** From 0 to a little above the highest value; the time from the first to the last point of all. */
export function svgOf({ title, units, series, marks }: Plot): string {
  const all = series.flatMap(({ points }) => points);
  const [from, to] = [Math.min(...all.map(([x]) => x), 0), Math.max(...all.map(([x]) => x), 1)];
  const steps = { x: stepOf(to - from, 10), y: stepOf(Math.max(...all.map(([, y]) => y), 0) || 1, 5) };
  const top = Math.ceil((Math.max(...all.map(([, y]) => y), 0) || 1) / steps.y) * steps.y;
  const x = (value: number): string => place(LEFT + ((value - from) / (to - from)) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): string => place(HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="20" font-size="14" fill="#222222">${escaped(title)}</text>`,
    ...ticks(0, top, steps.y).map(
      (value) =>
        `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#dddddd"/><text x="${LEFT - 6}" y="${y(value)}" dy="4" text-anchor="end" fill="#444444">${numberText(value)}</text>`,
    ),
    ...ticks(from, to, steps.x).map(
      (value) =>
        `<text x="${x(value)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="#444444">${numberText(value)}</text>`,
    ),
    ...marks.map((at) => `<path d="M${x(at)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#999999" stroke-dasharray="3 3"/>`),
    ...series.map((one, i) => drawn(one, colourOf(i), x, y)),
    ...legend(series),
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end" fill="#444444">${escaped(units[0])}</text>`,
    `<text x="4" y="${TOP - 10}" fill="#444444">${escaped(units[1])}</text>`,
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

type Scale = (value: number) => string;

function drawn({ points, dots }: Series, colour: string, x: Scale, y: Scale): string {
  if (dots === true)
    return points.map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="4" fill="${colour}"/>`).join("");
  const path = peaksOf(points, MOST_POINTS).map(([px, py]) => `${x(px)} ${y(py)}`);
  return path.length === 0 ? "" : `<path d="M${path.join("L")}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
}

/** Side by side above the plot. */
function legend(series: readonly Series[]): readonly string[] {
  let at = LEFT;
  return series.map(({ name }, i) => {
    const text = `<rect x="${at}" y="32" width="12" height="4" fill="${colourOf(i)}"/><text x="${at + 16}" y="38" fill="#222222">${escaped(name)}</text>`;
    at += 16 + name.length * LETTER + GAP;
    return text;
  });
}

/** Wider than most letters at this size. */
const LETTER = 6.5;
const GAP = 18;

const colourOf = (i: number): string => COLOURS[i % COLOURS.length] ?? "#000000";

/** 1, 2 or 5 times a power of ten, so that at most so many fit. */
function stepOf(range: number, most: number): number {
  const power = 10 ** Math.floor(Math.log10(range / most));
  return ([1, 2, 5].find((times) => range / (times * power) <= most) ?? 10) * power;
}

function ticks(from: number, to: number, step: number): readonly number[] {
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

const place = (value: number): string => String(Math.round(value * 10) / 10);

const numberText = (value: number): string => String(Math.round(value * 1e6) / 1e6);

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
