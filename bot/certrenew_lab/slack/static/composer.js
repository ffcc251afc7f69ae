// The box to write in: messages, and slash commands with their hints.

import { act } from "./client.js";
import { h, note } from "./dom.js";
import { store } from "./store.js";
import { sentence } from "./using.js";

function hintFor(text) {
  if (!text.startsWith("/")) return [];
  const word = text.split(/\s/)[0];
  return store.state.commands.filter((each) => (text.includes(" ") ? each.command === word : each.command.startsWith(word)));
}

export function composer({ channel, threadTs, label }) {
  const hint = h("div", { class: "hint", role: "status" });
  const box = h("textarea", {
    rows: 1,
    placeholder: label,
    "aria-label": label,
    oninput: () => {
      hint.replaceChildren(
        ...hintFor(box.value).map((each) =>
          h(
            "button",
            { type: "button", onclick: () => take(each.command) },
            h("strong", {}, each.command),
            ` ${each.usage_hint} `,
            h("small", {}, each.description),
          ),
        ),
      );
    },
    onkeydown: (event) => {
      if (event.key === "Tab" && hint.children.length && !box.value.includes(" ")) {
        event.preventDefault();
        take(hintFor(box.value)[0].command);
      }
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        send();
      }
    },
  });
  const take = (command) => {
    box.value = `${command} `;
    box.focus();
    box.dispatchEvent(new Event("input"));
  };
  const send = async () => {
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    hint.replaceChildren();
    if (text.startsWith("/") && threadTs) {
      note("Slash commands do not work in threads. Use them in the channel.");
      return;
    }
    button.setAttribute("aria-busy", "true");
    const common = { user: store.state.you, channel, text };
    const answer = text.startsWith("/") ? await act("command", common) : await act("message", { ...common, thread_ts: threadTs });
    button.removeAttribute("aria-busy");
    if (!answer.ok && !answer.shown) note(sentence(answer));
  };
  const button = h("button", { type: "button", class: "button primary", onclick: send }, "Send");
  return h("div", { class: "composer" }, hint, h("div", { class: "composer-row" }, box, button));
}
