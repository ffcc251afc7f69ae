// Renders Slack's mrkdwn and standard Markdown as nodes.

import { dateToken } from "./dates.js";
import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { channelName, groupHandle, handle } from "./store.js";

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const plain = (text) => withEmoji(unescape(text));

export function mention(text) {
  return h("span", { class: "mention" }, text);
}

export function link(url, label) {
  const safe = /^(https?:|mailto:)/i.test(url);
  return safe ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || url) : h("span", {}, label || url);
}

function angle(body) {
  const [target, label] = body.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(`@${handle(target.slice(1))}`);
  if (target.startsWith("#")) return mention(`#${label || channelName(target.slice(1))}`);
  if (target.startsWith("!subteam^")) return mention(`@${groupHandle(target.slice(9))}`);
  if (target.startsWith("!date^")) {
    const [, seconds, format, url] = target.split("^");
    const text = Number.isFinite(Number(seconds)) ? dateToken(Number(seconds), format) : label;
    return url ? link(url, text) : h("time", { title: label || "" }, text);
  }
  if (target.startsWith("!")) return mention(`@${label || target.slice(1)}`);
  return link(unescape(target), label ? unescape(label) : "");
}

const SLACK = [
  [/^```\n?([\s\S]+?)\n?```/, (m) => h("pre", {}, unescape(m[1]))],
  [/^`([^`\n]+)`/, (m) => h("code", {}, unescape(m[1]))],
  [/^<([^<>\n]+)>/, (m) => angle(m[1])],
  [/^\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/, (m) => h("strong", {}, inline(m[1], SLACK))],
  [/^_([^\s_](?:[^_\n]*[^\s_])?)_(?!\w)/, (m) => h("em", {}, inline(m[1], SLACK))],
  [/^~([^\s~](?:[^~\n]*[^\s~])?)~(?!\w)/, (m) => h("s", {}, inline(m[1], SLACK))],
];

const MARKDOWN = [
  SLACK[0],
  SLACK[1],
  [/^\[([^\]\n]+)\]\(([^)\s]+)\)/, (m) => link(m[2], m[1])],
  [/^\*\*([^*\n]+)\*\*/, (m) => h("strong", {}, inline(m[1], MARKDOWN))],
  [/^\*([^*\n]+)\*/, (m) => h("em", {}, inline(m[1], MARKDOWN))],
  [/^_([^_\n]+)_(?!\w)/, (m) => h("em", {}, inline(m[1], MARKDOWN))],
  [/^~~([^~\n]+)~~/, (m) => h("s", {}, inline(m[1], MARKDOWN))],
  [/^<([^<>\n]+)>/, (m) => angle(m[1])],
];

function inline(text, rules) {
  const nodes = [];
  let run = "";
  const flush = () => {
    if (run) nodes.push(plain(run));
    run = "";
  };
  for (let at = 0; at < text.length; ) {
    const atWord = at > 0 && /\w/.test(text[at - 1]);
    const rest = text.slice(at);
    const hit = rules.map(([pattern, make]) => [pattern.exec(rest), make]).find(([m]) => m && !(atWord && /[*_~]/.test(m[0][0])));
    if (hit) {
      flush();
      nodes.push(hit[1](hit[0]));
      at += hit[0][0].length;
    } else {
      run += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

function lines(text, rules, rendered) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    const quoted = /^(?:&gt;|>) ?(.*)/.exec(line);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1], rules));
      return;
    }
    if (index > 0 && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...(rendered?.(line) ?? inline(line, rules)));
  });
  return nodes;
}

function outsideFences(text, rules, rendered) {
  return text
    .split(/(```[\s\S]+?```)/)
    .filter(Boolean)
    .flatMap((part) => (part.startsWith("```") && part.length > 6 ? inline(part, rules) : lines(part, rules, rendered)));
}

export function mrkdwn(text) {
  return outsideFences(text, SLACK);
}

export function markdown(text) {
  return outsideFences(text, MARKDOWN, (line) => {
    const heading = /^(#{1,6}) (.*)/.exec(line);
    if (heading) return [h("strong", { class: "md-heading" }, inline(heading[2], MARKDOWN))];
    const item = /^(\s*)(?:[-*]|(\d+\.)) (.*)/.exec(line);
    return item ? [`${item[1]}${item[2] ?? "•"} `, ...inline(item[3], MARKDOWN)] : null;
  });
}

export function textObject(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : [withEmoji(object.text)];
}
