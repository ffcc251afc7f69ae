// Draws the sidebar: who you are, the channels, the app's messages and home tab.

import { h, show } from "./dom.js";
import { store } from "./store.js";

function entry(place, label, go) {
  const current = store.place === place;
  const unread = store.unread.has(place);
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: `entry ${current ? "current" : ""} ${unread ? "unread" : ""}`, "aria-current": current ? "page" : null, onclick: () => go(place) },
      label,
      unread ? h("span", { class: "dot" }, h("span", { class: "hidden" }, "unread")) : null,
    ),
  );
}

function switcher(become) {
  const options = store.state.users.map((user) =>
    h(
      "option",
      { value: user.id, selected: user.id === store.state.you, disabled: user.deactivated },
      `${user.real_name}${user.title ? ` — ${user.title}` : ""}${user.deactivated ? " (deactivated)" : ""}`,
    ),
  );
  const select = h("select", { id: "who", onchange: () => become(select.value) }, options);
  return h("div", { class: "who" }, h("label", { for: "who" }, "You are"), select);
}

export function drawSidebar({ go, become, toggleText }) {
  const state = store.state;
  const box = h("input", { type: "checkbox", onchange: () => toggleText(box.checked) });
  box.checked = store.textOnly;
  const linked = state.connections > 0;
  show(
    document.getElementById("sidebar"),
    h("h1", {}, state.team),
    switcher(become),
    h("h2", {}, "Channels"),
    h("ul", {}, state.channels.map((channel) => entry(channel.id, [h("span", { class: "hash" }, channel.private ? "▪" : "#"), channel.name], go))),
    h("h2", {}, "App"),
    h("ul", {}, entry("home", [h("span", { class: "hash" }, "⌂"), "Home"], go), entry(state.direct, [h("span", { class: "hash" }, "✉"), `Messages with ${state.bot.name}`], go)),
    h(
      "div",
      { class: "foot" },
      h("label", { class: "switch" }, box, "Text only, as notifications and screen readers get it"),
      h("p", { class: `link ${linked ? "up" : "down"}` }, linked ? `App connected (${state.connections})` : "App not connected"),
    ),
  );
}
