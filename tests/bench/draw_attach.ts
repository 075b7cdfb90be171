import * as echarts from "echarts";

/** Milliseconds at quantiles. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly max: number;
}

/** What one round of Pods has measured. */
export interface AttachFigure {
  /** By whom: the reference plugin, danm by itself, danm with the agent. */
  readonly way: "floor" | "alone" | "agent";
  readonly pods: number;
  /** How many Pods at once. */
  readonly width: number;
  readonly interfaces: number;
  readonly add: Quantiles;
  readonly del: Quantiles;
  /** From the first ADD to the end of the last, in ms. */
  readonly wallMs: number;
  readonly failed: number;
  /** Addresses that were given twice. */
  readonly doubles: number;
  /** Processor time of ADD and DEL together, of all processes of the node that have to do with it, in ms a Pod. */
  readonly processorMs: number;
}

/** ADD of one interface against how many come at once: the median as a line, the slowest as dashes. */
export function drawAttach(figures: readonly AttachFigure[]): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 720, height: 400 });
  const storms = figures.filter(({ way, interfaces, pods }) => way !== "floor" && interfaces === 1 && pods < 200);
  const series = (["alone", "agent"] as const).flatMap((way) =>
    (["p50", "max"] as const).map((quantile) => ({
      name: `${way === "alone" ? "danm alone" : "with the agent"}, ${quantile === "p50" ? "median" : "slowest"}`,
      type: "line" as const,
      color: way === "alone" ? "#c0504d" : "#1f6fb4",
      lineStyle: { type: quantile === "p50" ? "solid" as const : "dashed" as const },
      data: storms.filter((figure) => figure.way === way).map(({ width, add }) => [width, add[quantile]]),
    }))
  );
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: "ADD of one interface, in ms" },
    legend: { top: 30 },
    grid: { top: 80, bottom: 50, left: 60, right: 30 },
    xAxis: { type: "log", logBase: 2, name: "Pods at once", nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "log", min: 10, name: "ms" },
    series,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
