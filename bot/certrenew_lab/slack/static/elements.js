// Renders interactive elements; a surface says what happens when one is used.

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { textObject } from "./mrkdwn.js";
import { channelName, store } from "./store.js";

// A surface has: values (block_id -> action_id -> value), use(block, element, value, node) and kind.

function remember(surface, block, element, value) {
  (surface.values[block.block_id] ??= {})[element.action_id] = value;
}

function remembered(surface, block, element, initial) {
  return surface.values[block.block_id]?.[element.action_id] ?? initial;
}

function dispatches(surface, block) {
  return block.type !== "input" || block.dispatch_action;
}

function changed(surface, block, element, value, node) {
  remember(surface, block, element, value);
  if (dispatches(surface, block)) surface.use(block, element, value, node);
}

function button(surface, block, element) {
  const node = h(
    "button",
    {
      type: "button",
      class: `button ${element.style ?? ""}`,
      "aria-label": element.accessibility_label,
      onclick: () => {
        if (element.url && /^https?:/i.test(element.url)) window.open(element.url, "_blank", "noopener");
        surface.use(block, element, element.value, node);
      },
    },
    withEmoji(element.text.text),
  );
  return node;
}

function typed(kind) {
  return (surface, block, element) => {
    const value = remembered(surface, block, element, element.initial_value ?? "");
    const tag = element.multiline ? "textarea" : "input";
    const node = h(tag, {
      type: tag === "input" ? kind : null,
      placeholder: element.placeholder?.text,
      maxlength: element.max_length,
      autofocus: element.focus_on_load,
      value: typeof value === "string" ? value : "",
      oninput: () => remember(surface, block, element, node.value),
      onchange: () => block.dispatch_action && changed(surface, block, element, node.value, node),
    });
    return node;
  };
}

function optionsOf(element) {
  const groups = element.option_groups ?? [{ options: element.options ?? [] }];
  return groups.map((group) => {
    const options = group.options.map((option) => h("option", { value: option.value }, withEmoji(option.text.text)));
    return group.label ? h("optgroup", { label: group.label.text }, options) : options;
  });
}

function selectOf(surface, block, element, options, initial, multiple) {
  const placeholder = multiple ? null : h("option", { value: "" }, element.placeholder?.text ?? "Choose…");
  const read = () => (multiple ? [...node.selectedOptions].map((option) => option.value) : node.value);
  const node = h("select", { multiple, onchange: () => changed(surface, block, element, read(), node) }, placeholder, options);
  const value = remembered(surface, block, element, initial);
  for (const option of node.options) option.selected = multiple ? (value ?? []).includes(option.value) : option.value === (value ?? "");
  return node;
}

function staticSelect(surface, block, element) {
  const multiple = element.type.startsWith("multi_");
  const initial = multiple ? element.initial_options?.map((option) => option.value) : element.initial_option?.value;
  return selectOf(surface, block, element, optionsOf(element), initial, multiple);
}

function userSelect(surface, block, element) {
  const multiple = element.type.startsWith("multi_");
  const people = store.state.users.filter((user) => !user.deactivated);
  const options = people.map((user) => h("option", { value: user.id }, user.real_name));
  return selectOf(surface, block, element, options, element.initial_user ?? element.initial_users, multiple);
}

function channelSelect(surface, block, element) {
  const multiple = element.type.startsWith("multi_");
  const options = store.state.all_channels.map((channel) => h("option", { value: channel.id }, `#${channelName(channel.id)}`));
  const initial = element.initial_channel ?? element.initial_conversation ?? element.initial_channels ?? element.initial_conversations;
  return selectOf(surface, block, element, options, initial, multiple);
}

function externalSelect(surface, block, element) {
  const list = h("datalist", { id: `options-${block.block_id}-${element.action_id}` });
  const node = h("input", {
    list: list.id,
    placeholder: element.placeholder?.text ?? "Type to search",
    oninput: async () => {
      const chosen = [...list.children].find((option) => option.value === node.value);
      if (chosen) return changed(surface, block, element, chosen.offered, node);
      if (node.value.length < (element.min_query_length ?? 3)) return undefined;
      const answer = await surface.suggest(block, element, node.value);
      const offered = [...(answer.options ?? []), ...(answer.option_groups ?? []).flatMap((group) => group.options)];
      list.replaceChildren(...offered.map((option) => Object.assign(h("option", { value: option.text.text }), { offered: option })));
      return undefined;
    },
  });
  return h("span", {}, node, list);
}

function choices(kind) {
  return (surface, block, element) => {
    const name = `${block.block_id}-${element.action_id}-${Math.random()}`;
    const initial = kind === "radio" ? [element.initial_option?.value] : (element.initial_options ?? []).map((option) => option.value);
    const chosen = [remembered(surface, block, element, initial)].flat();
    const node = h("div", { class: "choices", role: kind === "radio" ? "radiogroup" : "group" });
    const read = () => [...node.querySelectorAll("input:checked")].map((input) => input.value);
    const report = () => changed(surface, block, element, kind === "radio" ? read()[0] : read(), node);
    for (const option of element.options) {
      const box = h("input", { type: kind, name, value: option.value, onchange: report });
      box.checked = chosen.includes(option.value);
      const description = option.description ? h("small", {}, textObject(option.description)) : null;
      node.append(h("label", {}, box, h("span", {}, textObject(option.text), description)));
    }
    return node;
  };
}

function picker(kind, initialName) {
  return (surface, block, element) => {
    const value = remembered(surface, block, element, element[initialName]);
    const asText = kind === "datetime-local" && value ? new Date(value * 1000).toISOString().slice(0, 16) : value;
    const read = () => (kind === "datetime-local" ? Math.floor(Date.parse(`${node.value}Z`) / 1000) : node.value);
    const node = h("input", { type: kind, value: asText ?? "", onchange: () => changed(surface, block, element, read(), node) });
    return node;
  };
}

function overflow(surface, block, element) {
  const node = h(
    "select",
    {
      class: "overflow",
      "aria-label": "More actions",
      onchange: () => {
        const value = node.value;
        node.value = "";
        surface.use(block, element, value, node);
      },
    },
    h("option", { value: "" }, "⋯"),
    optionsOf(element),
  );
  return node;
}

const ELEMENTS = {
  button,
  overflow,
  plain_text_input: typed("text"),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  number_input: typed("number"),
  static_select: staticSelect,
  multi_static_select: staticSelect,
  external_select: externalSelect,
  users_select: userSelect,
  multi_users_select: userSelect,
  channels_select: channelSelect,
  multi_channels_select: channelSelect,
  conversations_select: channelSelect,
  multi_conversations_select: channelSelect,
  radio_buttons: choices("radio"),
  checkboxes: choices("checkbox"),
  datepicker: picker("date", "initial_date"),
  timepicker: picker("time", "initial_time"),
  datetimepicker: picker("datetime-local", "initial_date_time"),
  icon_button: button,
};

export function interactive(surface, block, element) {
  const render = ELEMENTS[element.type];
  return render ? render(surface, block, element) : h("span", { class: "unknown" }, `Cannot show “${element.type}” here.`);
}
