/** Line plots as SVG: axes, a grid, one line a series with a mark at each point, the names beside the last points. */
export interface Series {
	readonly name: string;
	readonly points: readonly (readonly [x: number, y: number])[];
	/** Somebody else's numbers. */
	readonly dashed?: boolean;
	/** Too few points for a line between them. */
	readonly marksOnly?: boolean;
}

export interface LinePlot {
	readonly title: string;
	/** A line below the title. */
	readonly note?: string;
	readonly x: string;
	readonly y: string;
	/** Logarithmic axes. */
	readonly logX?: boolean;
	readonly log: boolean;
	readonly series: readonly Series[];
}

const WIDTH = 820;
const HEIGHT = 440;
const MARGIN = { left: 84, right: 260, top: 58, bottom: 48 } as const;
const RIGHT = WIDTH - MARGIN.right;
const BOTTOM = HEIGHT - MARGIN.bottom;
const LABEL_HEIGHT = 15;
/** Pixels that the number below the x axis takes. */
const TICK_WIDTH = 22;
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#777777"] as const;

export function linePlot(plot: LinePlot): string {
	const xs = [...new Set(plot.series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
	const ys = plot.series.flatMap(({ points }) => points.map(([, y]) => y));
	const [left, right] = [xs[0], xs[xs.length - 1]];
	const ticks = plot.log ? logTicks(Math.min(...ys), Math.max(...ys)) : [0, 0.25, 0.5, 0.75, 1].map((part) => part * roundUp(Math.max(...ys)));
	const [low, high] = [ticks[0], ticks[ticks.length - 1]];
	const shareX = (x: number) => (right === left ? 0.5 : plot.logX ? Math.log(x / left) / Math.log(right / left) : (x - left) / (right - left));
	const px = (x: number) => MARGIN.left + shareX(x) * (RIGHT - MARGIN.left);
	const share = (y: number) => (plot.log ? Math.log(y / low) / Math.log(high / low) : y / high);
	const py = (y: number) => BOTTOM - share(y) * (BOTTOM - MARGIN.top);

	const lines = [`<text x="${MARGIN.left}" y="22" font-size="15">${escaped(plot.title)}</text>`];
	if (plot.note) lines.push(`<text x="${MARGIN.left}" y="40" fill="#555">${escaped(plot.note)}</text>`);
	for (const y of ticks)
		lines.push(`<path d="M${MARGIN.left} ${py(y).toFixed(1)}H${RIGHT}" stroke="#ddd"/><text x="${MARGIN.left - 8}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${Number(y.toPrecision(3))}</text>`);
	let labelled = Number.NEGATIVE_INFINITY;
	for (const x of xs) {
		if (px(x) - labelled < TICK_WIDTH) continue;
		labelled = px(x);
		lines.push(`<path d="M${px(x).toFixed(1)} ${BOTTOM}v4" stroke="#999"/><text x="${px(x).toFixed(1)}" y="${BOTTOM + 18}" text-anchor="middle">${x}</text>`);
	}
	lines.push(`<text x="${(MARGIN.left + RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(plot.x)}</text>`);
	lines.push(`<text x="14" y="${(MARGIN.top + BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(MARGIN.top + BOTTOM) / 2})">${escaped(plot.y)}</text>`);
	for (const [i, { name, y }] of labels(plot.series, py).entries()) {
		const { points, dashed, marksOnly } = plot.series[i];
		const colour = COLOURS[i % COLOURS.length];
		// Colours come round again: then lines are dotted.
		const dashes = dashed ? "7 4" : i >= COLOURS.length ? "2 3" : "";
		const [lastX, lastY] = points[points.length - 1];
		const path = points.map(([x, value]) => `${px(x).toFixed(1)} ${py(value).toFixed(1)}`).join("L");
		if (!marksOnly) lines.push(`<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes ? ` stroke-dasharray="${dashes}"` : ""}/>`);
		for (const [x, value] of points) lines.push(`<circle cx="${px(x).toFixed(1)}" cy="${py(value).toFixed(1)}" r="2.8" fill="${dashed ? "#fff" : colour}" stroke="${colour}"/>`);
		lines.push(`<path d="M${(px(lastX) + 4).toFixed(1)} ${py(lastY).toFixed(1)}L${RIGHT + 20} ${y.toFixed(1)}" stroke="${colour}" stroke-width="0.7" stroke-dasharray="1 2"/>`);
		lines.push(`<text x="${RIGHT + 24}" y="${(y + 4).toFixed(1)}" fill="${colour}">${escaped(name)}</text>`);
	}
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>\n${lines.join("\n")}\n</svg>\n`;
}

/** Where each series' name goes: beside its last point, but never over another name or below the plot. */
function labels(series: readonly Series[], py: (y: number) => number): { name: string; y: number }[] {
	const places = series.map(({ name, points }) => ({ name, y: py(points[points.length - 1][1]) }));
	const ordered = [...places].sort((a, b) => a.y - b.y);
	for (let i = 1; i < ordered.length; i++) ordered[i].y = Math.max(ordered[i].y, ordered[i - 1].y + LABEL_HEIGHT);
	let lowest = BOTTOM;
	for (const place of ordered.reverse()) {
		place.y = Math.min(place.y, lowest);
		lowest = place.y - LABEL_HEIGHT;
	}
	return places;
}

/** Powers of ten around the values, or 1, 2 and 5 of each where those are few. */
function logTicks(least: number, greatest: number): number[] {
	const steps = Math.log10(greatest / least) < 2.5 ? [1, 2, 5] : [1];
	const all: number[] = [];
	for (let unit = 10 ** Math.floor(Math.log10(least)); unit <= 10 * greatest; unit *= 10) for (const step of steps) all.push(unit * step);
	const first = all.findLastIndex((tick) => tick <= least);
	const last = all.findIndex((tick) => tick >= greatest);
	return all.slice(first, Math.max(last, first + 1) + 1);
}

function roundUp(value: number): number {
	const unit = 10 ** Math.floor(Math.log10(value));
	const step = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10].find((candidate) => candidate * unit >= value) ?? 10;
	return step * unit;
}

function escaped(text: string): string {
	return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
