// Figures: medians, times, tables and plots.
import { performance } from "node:perf_hooks";

/** The middle one. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How long `work` takes. */
export async function milliseconds(work) {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** A table in Markdown; columns are `[head, row => cell]`. */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const body = rows.map((row) => line(columns.map(([, cell]) => cell(row))));
  return [line(columns.map(([head]) => head)), line(columns.map(() => "---")), ...body].join("\n");
}

const text = (value) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Bars, one a row `[name, value, isOurs]`, as an SVG that is legible on light and dark grounds. */
export function bars(title, unit, rows) {
  const [width, left, height] = [880, 350, 26];
  const largest = Math.max(...rows.map(([, value]) => value), 0.001);
  const scale = (width - left - 110) / largest;
  const drawn = rows.map(([name, value, isOurs], index) => {
    const y = 44 + index * height;
    const length = Math.max(1, value * scale);
    return `  <text x="${left - 8}" y="${y + 13}" text-anchor="end">${text(name)}</text>
  <rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="18" rx="3" fill="${isOurs ? "#1a7f5a" : "#8a94a6"}"/>
  <text x="${(left + length + 6).toFixed(1)}" y="${y + 13}">${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${unit}</text>`;
  });
  const total = 54 + rows.length * height;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" font-family="system-ui, sans-serif" font-size="13" fill="#24292f">
  <title>${text(title)}</title>
  <rect width="${width}" height="${total}" rx="8" fill="#ffffff" stroke="#d0d7de"/>
  <text x="16" y="26" font-size="15" font-weight="600">${text(title)}</text>
${drawn.join("\n")}
</svg>
`;
}
