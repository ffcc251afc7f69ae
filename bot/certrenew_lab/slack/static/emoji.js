// The emoji short names a certificate bot is likely to use.

const KNOWN = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫", warning: "⚠️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", large_blue_circle: "🔵", large_yellow_circle: "🟡",
  large_green_circle: "🟢", large_orange_circle: "🟠", red_circle: "🔴", double_vertical_bar: "⏸️", lock: "🔒",
  unlock: "🔓", key: "🔑", scroll: "📜", arrows_counterclockwise: "🔄", rocket: "🚀", eyes: "👀", "+1": "👍",
  thumbsup: "👍", "-1": "👎", thumbsdown: "👎", tada: "🎉", bell: "🔔", calendar: "📅", information_source: "ℹ️",
  question: "❓", exclamation: "❗", memo: "📝", wrench: "🔧", gear: "⚙️", shield: "🛡️", clock3: "🕒",
  telephone_receiver: "📞", phone: "☎️", wave: "👋", speech_balloon: "💬", link: "🔗", stop_sign: "🛑",
  black_circle: "⚫", white_circle: "⚪", fire: "🔥", bust_in_silhouette: "👤", page_facing_up: "📄", alarm_clock: "⏰",
};

export function emoji(name) {
  return KNOWN[name] ?? `:${name}:`;
}

export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+\-]+):/g, (whole, name) => KNOWN[name] ?? whole);
}
