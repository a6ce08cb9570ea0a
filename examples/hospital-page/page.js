"use strict";
// A registration desk: one WebSocket to the local agent, one request, the answer's named fields on the page.
const titles = {
  aab301: "发卡地区 Region", aac002: "社会保障号码 Number", aaz500: "卡号 Card number", aac003: "姓名 Name",
  version: "规范版本 Version", issued: "发卡日期 Issued", valid_until: "卡有效期 Valid until",
};
const show = (text) => { document.getElementById("state").textContent = text; };

function read(agent, token) {
  return new Promise((done, failed) => {
    const line = new WebSocket(`${agent}/?token=${encodeURIComponent(token)}`);
    const nonce = crypto.getRandomValues(new Uint32Array(4)).join("-");
    line.onopen = () => line.send(JSON.stringify({ function: "iReadCardBas", iType: 3, nonce }));
    line.onerror = () => failed(new Error("无法连接读卡代理 The agent does not answer"));
    line.onmessage = (message) => {
      line.close();
      const answer = JSON.parse(message.data);   // never eval
      if (answer.error) failed(new Error(answer.message));
      else if (answer.nonce !== nonce || answer.origin !== location.origin) failed(new Error("应答不属于本次请求 The answer is not ours"));
      else if (answer.code !== 0) failed(new Error(`读卡失败 Failed: ${answer.code}`));
      else done(answer);
    };
  });
}

document.getElementById("desk").addEventListener("submit", async (event) => {
  event.preventDefault();
  const list = document.getElementById("card");
  list.replaceChildren();
  show("请放卡 Present the card …");
  try {
    const answer = await read(document.getElementById("agent").value, document.getElementById("token").value);
    for (const [name, title] of Object.entries(titles)) {
      const term = Object.assign(document.createElement("dt"), { textContent: title });
      list.append(term, Object.assign(document.createElement("dd"), { id: name, textContent: answer.fields[name] }));
    }
    show("读卡成功 Done");
  } catch (error) {
    show(error.message);
  }
});
