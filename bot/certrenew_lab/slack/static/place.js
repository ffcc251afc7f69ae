// Draws the channel, direct message or home tab in the middle, and the thread beside it.

import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { h, show } from "./dom.js";
import { messageRow } from "./messages.js";
import { store } from "./store.js";
import { surface } from "./using.js";

const homeValues = {};

function title() {
  const channel = store.state.channels.find((each) => each.id === store.place);
  if (!channel) return [h("h2", {}, store.state.bot.name), h("p", {}, "Direct messages with the app")];
  const about = `${channel.members} members${channel.bot_in ? "" : ` · ${store.state.bot.name} is not in this channel`}`;
  return [h("h2", {}, `${channel.private ? "▪" : "#"} ${channel.name}`), h("p", {}, about)];
}

export function belongsHere(message) {
  return message.channel === store.place && (!message.thread_ts || message.thread_ts === message.ts || message.broadcast);
}

export function belongsInThread(message) {
  return message.channel === store.place && store.thread && (message.ts === store.thread || message.thread_ts === store.thread);
}

function log(messages, options, label) {
  const rows = [...messages.values()].sort((a, b) => (a.ts < b.ts ? -1 : 1)).map((message) => messageRow(message, options));
  return h("div", { class: "log", role: "log", "aria-label": label, tabindex: "0" }, rows.length ? rows : h("p", { class: "empty" }, "Nothing here yet."));
}

function toEnd(parent) {
  const end = parent.querySelector(".log");
  if (end) end.scrollTop = end.scrollHeight;
}

export function drawHome() {
  const home = store.state.home;
  const own = home && surface("home", { view_id: home.id }, homeValues);
  show(
    document.getElementById("place"),
    h("header", {}, h("h2", {}, `${store.state.bot.name} — Home`), h("p", {}, "Only you see this tab")),
    h("div", { class: "log home" }, home ? blocks(home.blocks, own) : h("p", { class: "empty" }, "The app has not published a home tab for you yet.")),
  );
}

export function drawPlace(actions) {
  const place = document.getElementById("place");
  const options = { inThread: false, openThread: actions.openThread };
  const label = store.state.channels.some((each) => each.id === store.place) ? "Message, or / for a command" : `Message ${store.state.bot.name}, or / for a command`;
  show(place, h("header", {}, title()), log(store.messages, options, "Messages"), composer({ channel: store.place, label }));
  toEnd(place);
}

export function drawThread(actions) {
  const thread = document.getElementById("thread");
  thread.hidden = !store.thread;
  if (!store.thread) return;
  show(
    thread,
    h("header", {}, h("h2", {}, "Thread"), h("button", { type: "button", class: "tool", "aria-label": "Close the thread", onclick: () => actions.openThread(null) }, "✕")),
    log(store.threadMessages, { inThread: true }, "Thread"),
    composer({ channel: store.place, threadTs: store.thread, label: "Reply" }),
  );
  toEnd(thread);
}

function patch(parent, message, options) {
  const area = parent.querySelector(".log");
  const old = area.querySelector(`[data-ts="${message.ts}"]`);
  const following = area.scrollHeight - area.scrollTop - area.clientHeight < 80;
  const row = messageRow(message, options);
  if (old) old.replaceWith(row);
  else {
    area.querySelector(".empty")?.remove();
    area.append(row);
  }
  if (following) area.scrollTop = area.scrollHeight;
}

export function patchPlace(message, actions) {
  patch(document.getElementById("place"), message, { inThread: false, openThread: actions.openThread });
}

export function patchThread(message) {
  patch(document.getElementById("thread"), message, { inThread: true });
}

export function dropRow(ts) {
  for (const row of document.querySelectorAll(`[data-ts="${ts}"]`)) row.remove();
}
