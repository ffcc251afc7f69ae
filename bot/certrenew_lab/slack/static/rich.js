// Renders rich_text blocks.

import { dateToken } from "./dates.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { link, mention } from "./mrkdwn.js";
import { channelName, groupHandle, handle } from "./store.js";

const INLINE = {
  text: (e) => e.text,
  link: (e) => link(e.url, e.text),
  user: (e) => mention(`@${handle(e.user_id)}`),
  usergroup: (e) => mention(`@${groupHandle(e.usergroup_id)}`),
  channel: (e) => mention(`#${channelName(e.channel_id)}`),
  team: (e) => mention(e.team_id),
  broadcast: (e) => mention(`@${e.range}`),
  emoji: (e) => emoji(e.name),
  color: (e) => h("code", {}, e.value),
  date: (e) => h("time", { title: e.fallback ?? "" }, dateToken(e.timestamp, e.format)),
};

function styled(element) {
  let node = (INLINE[element.type] ?? (() => h("span", { class: "unknown" }, `[${element.type}]`)))(element);
  const style = element.style ?? {};
  if (style.code) node = h("code", {}, node);
  if (style.bold) node = h("strong", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.strike) node = h("s", {}, node);
  if (style.underline) node = h("u", {}, node);
  return node;
}

const PARTS = {
  rich_text_section: (part) => h("p", { class: "rich" }, part.elements.map(styled)),
  rich_text_preformatted: (part) => h("pre", {}, part.elements.map(styled)),
  rich_text_quote: (part) => h("blockquote", {}, part.elements.map(styled)),
  rich_text_list: (part) => {
    const list = h(
      part.style === "ordered" ? "ol" : "ul",
      { class: `rich-list indent-${part.indent ?? 0}`, start: part.style === "ordered" ? (part.offset ?? 0) + 1 : null },
      part.elements.map((item) => h("li", {}, item.elements.map(styled))),
    );
    return list;
  },
};

export function richText(block) {
  return h("div", { class: "rich-text" }, block.elements.map((part) => PARTS[part.type]?.(part) ?? ""));
}
