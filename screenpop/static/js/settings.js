// Settings of this computer alone: sound and notifications.

const sound = document.getElementById("sound");
sound.checked = localStorage.getItem("ringdesk.sound") !== "off";
sound.addEventListener("change", () => localStorage.setItem("ringdesk.sound", sound.checked ? "on" : "off"));

const button = document.getElementById("notify");
const state = document.getElementById("notify-state");

function show() {
  const permission = window.Notification?.permission ?? "denied";
  button.hidden = permission !== "default";
  state.textContent = state.dataset[permission] ?? "";
}

button.addEventListener("click", async () => {
  await Notification.requestPermission();
  show();
});
show();
