// The part of ECharts that the console draws with; bundled into one file by scripts/vendor_assets.py.
import * as core from "echarts/core";
import { BarChart, GraphChart, LineChart, PieChart, SankeyChart } from "echarts/charts";
import { AriaComponent, DatasetComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

core.use([
  BarChart, GraphChart, LineChart, PieChart, SankeyChart,
  AriaComponent, DatasetComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent, SVGRenderer,
]);
globalThis.echarts = core;
