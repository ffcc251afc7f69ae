// Renders Block Kit; an unknown block becomes a visible error box.

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { interactive } from "./elements.js";
import { markdown, textObject } from "./mrkdwn.js";
import { richText } from "./rich.js";

const STATUS = { pending: ["○", "Pending"], in_progress: ["◐", "In progress"], complete: ["✓", "Complete"], error: ["✕", "Error"] };

function image(element) {
  const own = element.image_url?.startsWith("data:") || element.image_url?.startsWith(location.origin);
  return own
    ? h("img", { src: element.image_url, alt: element.alt_text, class: "image" })
    : h("span", { class: "image-stand-in", role: "img", "aria-label": element.alt_text }, `▣ ${element.alt_text || "Image"}`);
}

function section(block, surface) {
  const accessory = block.accessory;
  const drawn = accessory && (accessory.type === "image" ? image(accessory) : interactive(surface, block, accessory));
  const fields = block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", {}, textObject(field))));
  const body = h("div", { class: "section-body" }, block.text && h("div", {}, textObject(block.text)), fields);
  return h("div", { class: "section" }, body, drawn && h("div", { class: "accessory" }, drawn));
}

function input(block, surface) {
  const error = surface.errors?.[block.block_id];
  const element = interactive(surface, block, block.element);
  const field = element.matches("input, textarea, select") ? element : element.querySelector("input, textarea, select") ?? element;
  const id = `field-${Math.random().toString(36).slice(2)}`;
  field.id ||= id;
  if (error) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", `${id}-error`);
  }
  const optional = block.optional ? h("span", { class: "optional" }, " (optional)") : null;
  return h(
    "div",
    { class: `input ${error ? "wrong" : ""}` },
    h("label", { for: field.id, class: "label" }, withEmoji(block.label.text), optional),
    element,
    block.hint && h("small", {}, withEmoji(block.hint.text)),
    error && h("p", { class: "error", id: `${id}-error`, role: "alert" }, error),
  );
}

function cell(content) {
  if (content.type === "rich_text") return richText(content);
  return content.text ?? String(content.value);
}

function table(block) {
  const header = block.rows[0] ?? [];
  const aligned = (index) => `align-${block.column_settings?.[index]?.align ?? "left"}`;
  const rowHeader = block.type === "data_table" ? (block.row_header_column_index ?? 0) : -1;
  const row = (cells) =>
    h("tr", {}, cells.map((each, index) => h(index === rowHeader ? "th" : "td", { class: aligned(index), scope: index === rowHeader ? "row" : null }, cell(each))));
  return h(
    "div",
    { class: "table-frame", tabindex: "0" },
    h(
      "table",
      {},
      block.caption && h("caption", {}, block.caption),
      h("thead", {}, h("tr", {}, header.map((each, index) => h("th", { scope: "col", class: aligned(index) }, cell(each))))),
      h("tbody", {}, block.rows.slice(1).map(row)),
    ),
  );
}

function taskCard(block) {
  const [mark, word] = STATUS[block.status] ?? ["?", block.status];
  const sources = (block.sources ?? []).map((source) => h("li", {}, `${source.text} — ${source.url}`));
  return h(
    "div",
    { class: `task ${block.status}` },
    h("span", { class: "task-mark", "aria-hidden": "true" }, mark),
    h(
      "div",
      { class: "task-body" },
      h("div", { class: "task-title" }, withEmoji(block.title), h("span", { class: "task-status" }, word)),
      block.details && richText(block.details),
      block.output && h("div", { class: "task-output" }, richText(block.output)),
      sources.length ? h("ul", {}, sources) : null,
    ),
  );
}

function container(block, surface) {
  const title = block.title ? withEmoji(block.title.text) : richText(block.rich_text_title);
  const heading = [title, block.subtitle && h("small", {}, textObject(block.subtitle))];
  const children = h("div", { class: "container-body" }, blocks(block.child_blocks, surface));
  if (!block.is_collapsible) return h("section", { class: "container" }, h("div", { class: "container-title" }, heading), children);
  return h("details", { class: "container", open: !block.default_collapsed }, h("summary", { class: "container-title" }, heading), children);
}

function card(block, surface) {
  return h(
    "div",
    { class: "card" },
    block.hero_image && image(block.hero_image),
    block.title && h("strong", {}, textObject(block.title)),
    block.subtitle && h("small", {}, textObject(block.subtitle)),
    block.body && h("div", {}, textObject(block.body)),
    block.actions && h("div", { class: "actions" }, block.actions.map((each) => interactive(surface, block, each))),
  );
}

const BLOCKS = {
  section,
  input,
  table,
  data_table: table,
  task_card: taskCard,
  container,
  card,
  header: (block) => h("h3", { class: "header" }, withEmoji(block.text.text)),
  divider: () => h("hr"),
  context: (block) =>
    h("div", { class: "context" }, block.elements.map((each) => h("span", {}, each.type === "image" ? image(each) : textObject(each)))),
  actions: (block, surface) => h("div", { class: "actions" }, block.elements.map((each) => interactive(surface, block, each))),
  context_actions: (block, surface) =>
    h("div", { class: "actions" }, block.elements.map((each) => interactive(surface, block, each))),
  image: (block) => h("figure", {}, block.title && h("figcaption", {}, block.title.text), image(block)),
  rich_text: (block) => richText(block),
  markdown: (block) => h("div", { class: "markdown" }, markdown(block.text)),
  alert: (block) => h("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, textObject(block.text)),
  plan: (block) =>
    h("section", { class: "plan", "aria-label": block.title }, h("h4", {}, withEmoji(block.title)), (block.tasks ?? []).map(taskCard)),
  carousel: (block, surface) => h("div", { class: "carousel" }, block.elements.map((each) => card(each, surface))),
  video: (block) => h("div", { class: "card" }, `▶ ${block.title.text}`),
};

export function blocks(list, surface) {
  return (list ?? []).map((block) => {
    const render = BLOCKS[block.type];
    if (!render) return h("div", { class: "unknown", role: "alert" }, `This page cannot show a “${block.type}” block.`);
    return h("div", { class: "block" }, render(block, surface));
  });
}
