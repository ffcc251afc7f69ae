// Draws messages, in a channel or a thread.

import { blocks } from "./blocks.js";
import { clock, fullTime } from "./dates.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";
import { isBot, store, userName } from "./store.js";
import { surface } from "./using.js";

const values = new Map();

function initials(name) {
  return name.split(/\s+/).map((word) => word[0]).join("").slice(0, 2).toUpperCase();
}

export function avatar(id) {
  const name = userName(id);
  const hue = [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  const mark = h("span", { class: `avatar ${isBot(id) ? "bot" : ""}`, "aria-hidden": "true" }, isBot(id) ? "✓" : initials(name));
  if (!isBot(id)) mark.style.background = `hsl(${hue} 32% 42%)`;
  return mark;
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} kB`;
}

function file(each) {
  const preview = h("pre", { class: "preview" });
  const open = async (event) => {
    if (!event.target.open || preview.textContent) return;
    const answer = await fetch(each.url_private);
    preview.textContent = (await answer.text()).slice(0, 20000);
  };
  return h(
    "details",
    { class: "file", ontoggle: open },
    h("summary", {}, h("strong", {}, each.title || each.name), h("small", {}, `${each.name} · ${size(each.size)}`)),
    preview,
    h("a", { href: each.url_private_download, download: each.name }, "Download"),
  );
}

function attachment(each, own) {
  const box = h("div", { class: "attachment" }, each.title && h("strong", {}, each.title), each.text && h("div", {}, mrkdwn(each.text)));
  box.append(...blocks(each.blocks, own));
  if (/^#?[0-9a-f]{6}$/i.test(each.color ?? "")) box.style.borderColor = `#${each.color.replace("#", "")}`;
  return box;
}

function body(message) {
  const edited = message.edited ? h("span", { class: "edited" }, " (edited)") : null;
  const text = () => h("div", { class: "text" }, mrkdwn(message.text), edited);
  if (store.textOnly) return [h("div", { class: "text plain" }, message.text || "(no text: nothing to read out)")];
  if (!values.has(message.ts)) values.set(message.ts, {});
  const own = surface("message", { channel: message.channel, ts: message.ts }, values.get(message.ts));
  const content = message.blocks?.length ? blocks(message.blocks, own) : message.text ? [text()] : [];
  return [...content, (message.attachments ?? []).map((each) => attachment(each, own)), (message.files ?? []).map(file)];
}

function failed(message) {
  const error = store.failures.get(message.ts);
  return error ? h("p", { class: "failure", role: "alert" }, `⚠ The app did not take that click (${error}).`) : null;
}

function threadLink(message, inThread, openThread) {
  if (inThread || message.ephemeral_for || !message.reply_count) return null;
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  return h("button", { type: "button", class: "replies", onclick: () => openThread(message.ts) }, count, h("small", {}, ` last at ${clock(message.latest_reply)}`));
}

export function messageRow(message, { inThread, openThread }) {
  const bot = isBot(message.user);
  const reply = !inThread && !message.ephemeral_for
    ? h("button", { type: "button", class: "tool", onclick: () => openThread(message.thread_ts ?? message.ts) }, "Reply in thread")
    : null;
  const private_ = message.ephemeral_for ? h("p", { class: "only-you" }, "Only visible to you") : null;
  const shared = message.broadcast && !inThread ? h("p", { class: "only-you" }, "Replied to a thread") : null;
  const reactions = (message.reactions ?? []).map((each) =>
    h("span", { class: "reaction", title: each.users.map(userName).join(", ") }, `${emoji(each.name)} ${each.count}`),
  );
  return h(
    "article",
    { class: `message ${message.ephemeral_for ? "ephemeral" : ""} ${message.failure ? "slack-note" : ""}`, "data-ts": message.ts, "aria-label": `Message from ${userName(message.user)}` },
    avatar(message.user),
    h(
      "div",
      { class: "message-body" },
      private_,
      shared,
      h(
        "div",
        { class: "message-head" },
        h("span", { class: "name" }, userName(message.user)),
        bot ? h("span", { class: "badge" }, "App") : null,
        h("time", { title: fullTime(message.ts) }, clock(message.ts)),
        reply,
      ),
      body(message),
      reactions.length ? h("div", { class: "reactions" }, reactions) : null,
      failed(message),
      threadLink(message, inThread, openThread),
    ),
  );
}
