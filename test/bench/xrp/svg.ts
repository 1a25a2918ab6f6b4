/** Line plots as SVG: axes, a grid, one line a series, the names beside the last points. */
export interface Series {
	readonly name: string;
	readonly points: readonly (readonly [x: number, y: number])[];
	readonly dashed?: boolean;
}

export interface LinePlot {
	readonly title: string;
	readonly x: string;
	readonly y: string;
	/** A logarithmic y axis. */
	readonly log: boolean;
	readonly series: readonly Series[];
}

const WIDTH = 760;
const HEIGHT = 420;
const MARGIN = { left: 64, right: 200, top: 40, bottom: 48 } as const;
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#777777"] as const;

export function linePlot(plot: LinePlot): string {
	const xs = plot.series.flatMap(({ points }) => points.map(([x]) => x));
	const ys = plot.series.flatMap(({ points }) => points.map(([, y]) => y));
	const [left, right] = [Math.min(...xs), Math.max(...xs)];
	const low = plot.log ? 10 ** Math.floor(Math.log10(Math.min(...ys))) : 0;
	const high = plot.log ? 10 ** Math.ceil(Math.log10(Math.max(...ys))) : roundUp(Math.max(...ys));
	const px = (x: number) => MARGIN.left + ((x - left) / (right - left || 1)) * (WIDTH - MARGIN.left - MARGIN.right);
	const share = (y: number) => (plot.log ? Math.log(y / low) / Math.log(high / low) : y / high);
	const py = (y: number) => HEIGHT - MARGIN.bottom - share(y) * (HEIGHT - MARGIN.top - MARGIN.bottom);
	const lines = [`<text x="${MARGIN.left}" y="22" font-size="15">${escaped(plot.title)}</text>`];
	for (const y of plot.log ? decades(low, high) : [0, 0.25, 0.5, 0.75, 1].map((part) => part * high))
		lines.push(`<path d="M${MARGIN.left} ${py(y).toFixed(1)}H${WIDTH - MARGIN.right}" stroke="#ddd"/><text x="${MARGIN.left - 8}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${Number(y.toPrecision(3))}</text>`);
	for (const x of new Set(xs)) lines.push(`<text x="${px(x).toFixed(1)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${x}</text>`);
	lines.push(`<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(plot.x)}</text>`);
	lines.push(`<text x="16" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 ${HEIGHT / 2})">${escaped(plot.y)}</text>`);
	for (const [i, { name, y }] of labels(plot.series, py).entries()) {
		const { points, dashed } = plot.series[i];
		const colour = COLOURS[i % COLOURS.length];
		const path = points.map(([x, value]) => `${px(x).toFixed(1)} ${py(value).toFixed(1)}`).join("L");
		lines.push(`<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ""}/>`);
		lines.push(`<text x="${WIDTH - MARGIN.right + 8}" y="${(y + 4).toFixed(1)}" fill="${colour}">${escaped(name)}</text>`);
	}
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>\n${lines.join("\n")}\n</svg>\n`;
}

/** Where each series' name goes: beside its last point, but never over another name. */
function labels(series: readonly Series[], py: (y: number) => number): { name: string; y: number }[] {
	const places = series.map(({ name, points }) => ({ name, y: py(points[points.length - 1][1]) }));
	const ordered = [...places].sort((a, b) => a.y - b.y);
	for (let i = 1; i < ordered.length; i++) ordered[i].y = Math.max(ordered[i].y, ordered[i - 1].y + 15);
	return places;
}

function decades(low: number, high: number): number[] {
	const values: number[] = [];
	for (let y = low; y <= high * 1.001; y *= 10) values.push(y);
	return values;
}

function roundUp(value: number): number {
	const unit = 10 ** Math.floor(Math.log10(value));
	return Math.ceil(value / unit) * unit;
}

function escaped(text: string): string {
	return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
