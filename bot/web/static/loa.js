/* The chat page. Plain ES2015 for old phones: no async functions, no optional chaining, no build.
   The conversation lives in this browser (localStorage) and survives a reload, a lost line and a restarted server. */
(function () {
  'use strict';

  var KEPT = 'loa.tro-chuyen';
  var LARGE = 'loa.chu-to';
  var LONGEST = 1500;   // characters; the server's limit
  var ITEMS = 80;       // messages kept
  var WAIT = 30000;     // ms for a reply on a slow line
  var LOOK = 60000;     // ms between looks where the browser or server has no stream

  function $(id) { return document.getElementById(id); }
  var log = $('cuoc-tro-chuyen'), form = $('hoi'), input = $('cau-hoi'), typing = $('dang-tra-loi');
  var embedded = document.body.classList.contains('embed');

  // --- what is remembered: { session, after, seen: [ids], items: [{ from: 'me'|'loa', … }] }

  var memory = {};      // where the browser forbids storage (a frame without cookies)
  function read(key) {
    try { return window.localStorage.getItem(key); } catch (e) { return memory[key] || null; }
  }
  function write(key, value) {
    memory[key] = value;
    try { window.localStorage.setItem(key, value); } catch (e) { /* full or forbidden: the page goes on without */ }
  }

  function empty() { return { session: null, after: null, seen: [], items: [] }; }
  function load() {
    try {
      var found = JSON.parse(read(KEPT));
      if (found && Array.isArray(found.items)) { found.seen = found.seen || []; return found; }
    } catch (e) { /* spoiled: start anew */ }
    return empty();
  }
  var state = load();
  function save() {
    state.items = state.items.slice(-ITEMS);
    write(KEPT, JSON.stringify(state));
  }

  // --- showing

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text) { node.textContent = text; }
    return node;
  }

  function author(node, name) { node.appendChild(make('p', 'vh', name + ':')); return node; }

  // Blank lines part paragraphs; lines that all begin with a number or a bullet are a list. Never HTML.
  function fill(bubble, text) {
    text.split(/\n\s*\n/).forEach(function (part) {
      var lines = part.split('\n');
      var from = 0;
      while (from < lines.length) {
        var to = from + 1;
        var kind = kindOf(lines[from]);
        while (to < lines.length && kindOf(lines[to]) === kind) { to += 1; }
        bubble.appendChild(block(kind, lines.slice(from, to)));
        from = to;
      }
    });
  }
  function kindOf(line) { return /^\d+\.\s/.test(line) ? 'ol' : /^[•–]\s/.test(line) ? 'ul' : 'p'; }
  function block(kind, lines) {
    if (kind === 'p') { return make('p', '', lines.join('\n')); }
    var list = make(kind);
    if (kind === 'ol') { list.start = parseInt(lines[0], 10); }
    lines.forEach(function (line) { list.appendChild(make('li', '', line.replace(/^(\d+\.|[•–])\s+/, ''))); });
    return list;
  }

  function mediaNode(item) {
    var url = item.url.replace(/^\//, '');   // relative: the page may live below a path
    var node;
    if (item.kind === 'photo') {
      node = make('img');
      node.alt = 'Hình minh họa cho câu trả lời';
    } else {
      node = make(item.kind === 'video' ? 'video' : 'audio');
      node.controls = true;
      node.preload = 'none';
      node.setAttribute('aria-label', item.kind === 'video' ? 'Phim minh họa' : 'Bản đọc câu trả lời');
    }
    node.src = url;
    return node;
  }

  function buttonNode(item, row) {
    var node;
    if (item.url) {
      node = make('a', 'btn', item.text);
      node.href = /^https:\/\//.test(item.url) ? item.url : '#';
      node.target = '_blank';
      node.rel = 'noopener noreferrer';
      node.appendChild(make('span', 'vh', ' (mở trang chính thức trong thẻ mới)'));
      return node;
    }
    node = make('button', 'btn', item.text);
    node.type = 'button';
    node.value = item.payload;
    if (isFeedback(item)) {
      node.setAttribute('aria-pressed', String(row.rated === item.payload));
      node.setAttribute('aria-disabled', String(Boolean(row.rated)));
    }
    return node;
  }
  function isFeedback(item) { return /^\/(good|bad) /.test(item.payload || ''); }

  function loaNode(item) {
    var reply = item.reply;
    var node = author(make('article', 'msg loa'), 'Loa');
    var bubble = node.appendChild(make('div', 'bubble'));
    fill(bubble, reply.text);
    reply.media.forEach(function (media) { bubble.appendChild(mediaNode(media)); });
    if (reply.sources.length) { bubble.appendChild(make('p', 'sources', '📜 Căn cứ: ' + reply.sources.join('; ') + '.')); }
    var related = false;
    reply.buttons.forEach(function (buttons) {
      if (reply.topic && !related && /^\/topic /.test(buttons[0].payload || '')) {
        related = true;
        node.appendChild(make('p', 'more', 'Bà con hỏi thêm:'));
      }
      var row = node.appendChild(make('div', 'row'));
      buttons.forEach(function (button) { row.appendChild(buttonNode(button, item)); });
    });
    return node;
  }

  function meNode(item) {
    var node = author(make('article', 'msg me'), 'Bà con');
    node.appendChild(make('div', 'bubble')).appendChild(make('p', '', item.shown));
    showState(node, item);
    return node;
  }
  function showState(node, item) {
    var old = node.querySelector('.state');
    if (old) { node.removeChild(old); }
    if (item.state === 'sent') { return; }
    var line = node.appendChild(make('div', 'state'));
    if (item.state === 'sending') { line.textContent = 'Đang gửi…'; return; }
    line.appendChild(make('p', 'problem', item.why || 'Chưa gửi được.'));
    if (item.state === 'failed') {
      var again = line.appendChild(make('button', 'btn', 'Gửi lại'));
      again.type = 'button';
      again.addEventListener('click', function () { input.focus(); resend(item); });
    }
  }

  function nodeOf(item) {
    item.node = item.from === 'me' ? meNode(item) : loaNode(item);
    Object.defineProperty(item, 'node', { enumerable: false });   // not saved
    return item.node;
  }

  function reveal(node) {
    var still = window.matchMedia && window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    try { node.scrollIntoView({ block: 'start', behavior: still ? 'auto' : 'smooth' }); } catch (e) { node.scrollIntoView(true); }
  }

  function add(item) {
    state.items.push(item);
    save();
    log.appendChild(nodeOf(item));
    $('xoa').hidden = false;
    return item;
  }

  function redraw() {
    Array.prototype.slice.call(log.querySelectorAll('.kept')).forEach(function (node) { log.removeChild(node); });
    state.items.forEach(function (item) { log.appendChild(nodeOf(item)).classList.add('kept'); });
    $('xoa').hidden = !state.items.length;
  }

  // --- asking: one at a time, in order

  var queue = [], asking = null;

  function name() {
    var bytes = new Uint8Array(12);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (byte) { return ('0' + byte.toString(16)).slice(-2); }).join('');
  }

  // `say` is { text } or { payload }; `shown` is what the resident sees of it.
  function ask(say, shown) {
    var item = add({ from: 'me', id: name(), say: say, shown: shown, state: 'sending' });
    item.node.classList.add('kept', 'new');
    reveal(item.node);
    queue.push(item);
    next();
  }

  function next() {
    if (asking || !queue.length) { return; }
    asking = queue.shift();
    typing.textContent = 'Loa đang trả lời…';
    post({ session: state.session, id: asking.id, text: asking.say.text, payload: asking.say.payload }, done);
  }

  function done(status, body) {
    var item = asking;
    asking = null;
    typing.textContent = '';
    if (state.items.indexOf(item) < 0) { next(); return; }   // cleared meanwhile
    if (status === 200) {
      item.state = 'sent';
      state.session = body.session;
      showState(item.node, item);
      body.replies.forEach(function (reply) { add({ from: 'loa', reply: reply }).node.classList.add('kept', 'new'); });
      reveal(item.node);
      if (!stream) { unfollow(); follow(); }   // the line is back: no need to wait for the next look
    } else if (body && body.error === 'bad_session') {
      state.session = null;
      queue.unshift(item);
    } else {
      item.state = status === 413 || status === 422 ? 'refused' : 'failed';
      item.lost = !status;
      item.why = (body && body.message) || 'Chưa gửi được, có lẽ mạng yếu.';
      showState(item.node, item);
    }
    save();
    next();
  }

  function resend(item) {
    item.state = 'sending';
    showState(item.node, item);
    queue.push(item);
    next();
  }

  // Calls back with the status (0: no answer came) and the JSON.
  function post(value, back) {
    var request = new XMLHttpRequest();
    request.open('POST', 'api/chat');
    request.timeout = WAIT;
    request.setRequestHeader('Content-Type', 'application/json');
    request.onloadend = function () {
      var body = null;
      try { body = JSON.parse(request.responseText); } catch (e) { /* a proxy's own page */ }
      back(body ? request.status : request.status === 200 ? 0 : request.status, body);
    };
    request.send(JSON.stringify(value, function (key, part) { return part === null ? undefined : part; }));
  }

  // --- what comes without being asked

  var stream = null, look = null;

  function follow() {
    if (stream || look || !state.session || document.hidden) { return; }
    var address = 'api/messages?session=' + state.session + (state.after ? '&after=' + state.after : '');
    if (!window.EventSource) { lookNow(address); return; }
    stream = new EventSource(address);
    stream.onmessage = function (event) { arrived(event.lastEventId, JSON.parse(event.data)); };
    stream.onerror = function () {
      // Closed for good: the server is away, or has no stream to give now.
      if (stream && stream.readyState === 2) { stream = null; lookNow(address); }
    };
  }
  function unfollow() {
    if (stream) { stream.close(); stream = null; }
    if (look) { window.clearTimeout(look); look = null; }
  }
  function lookNow(address) {
    var request = new XMLHttpRequest();
    request.open('GET', address);
    request.timeout = WAIT;
    request.onload = function () {
      try { JSON.parse(request.responseText).messages.forEach(function (one) { arrived(one.id, one.reply); }); } catch (e) { /* next time */ }
    };
    request.send();
    look = window.setTimeout(function () { look = null; follow(); }, LOOK);
  }
  function arrived(id, reply) {
    if (state.seen.indexOf(id) >= 0) { return; }   // given again until the server knows that it came
    state.seen = state.seen.concat(id).slice(-ITEMS);
    if (!(Number(id) < Number(state.after))) { state.after = id; }
    add({ from: 'loa', reply: reply }).node.classList.add('kept', 'new');
  }

  // --- the controls

  function grow() {
    input.style.height = 'auto';
    input.style.height = input.scrollHeight + 3 + 'px';
  }

  function hintProblem(text) {
    $('loi-nhap').textContent = text;
    $('loi-nhap').hidden = !text;
    if (text) { input.setAttribute('aria-invalid', 'true'); } else { input.removeAttribute('aria-invalid'); }
  }

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    var text = input.value.trim();
    if (!text) { input.focus(); return; }
    if (text.length > LONGEST) {
      hintProblem('Tin này dài ' + text.length + ' chữ cái, nhiều nhất là ' + LONGEST + '. Bà con gửi ngắn lại giúp nhé.');
      return;
    }
    hintProblem('');
    input.value = '';
    grow();
    ask({ text: text }, text);
  });
  input.addEventListener('input', function () { grow(); hintProblem(''); });
  input.addEventListener('keydown', function (event) {
    // Enter that only ends a syllable of a Vietnamese keyboard (composition) is not "send".
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.dispatchEvent(new Event('submit', { cancelable: true }));
    }
  });

  log.addEventListener('click', function (event) {
    var button = event.target.closest('button[value]');
    if (!button || !log.contains(button)) { return; }
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') { return; }
    if (isFeedback({ payload: button.value })) { rate(button); }
    ask({ payload: button.value }, button.textContent);
  });
  function rate(button) {
    var row = button.parentNode;
    Array.prototype.forEach.call(row.children, function (one) {
      one.setAttribute('aria-pressed', String(one === button));
      one.setAttribute('aria-disabled', 'true');
    });
    state.items.forEach(function (item) { if (item.node && item.node.contains(row)) { item.rated = button.value; } });
  }

  function setLarge(on) {
    document.documentElement.classList.toggle('large', on);
    $('chu-to').setAttribute('aria-pressed', String(on));
  }
  $('chu-to').addEventListener('click', function () {
    var on = this.getAttribute('aria-pressed') !== 'true';
    setLarge(on);
    write(LARGE, on ? '1' : '');
  });

  function askClear(open) {
    $('xoa-chac').hidden = !open;
    $('xoa-hoi').hidden = open;
    $(open ? 'xoa-khong' : 'xoa-hoi').focus();
    if (open) { reveal($('xoa')); }
  }
  $('xoa-hoi').addEventListener('click', function () { askClear(true); });
  $('xoa-khong').addEventListener('click', function () { askClear(false); });
  $('xoa-co').addEventListener('click', function () {
    // The session is given up, so nobody would read what is sent to it: end campaign messages as well.
    if (state.session) { post({ session: state.session, text: 'DỪNG' }, function () {}); }
    unfollow();
    queue = [];
    state = empty();
    save();
    redraw();
    askClear(false);
    $('xoa').hidden = true;
    typing.textContent = 'Đã xóa cuộc trò chuyện.';
    input.focus();
  });

  function online() {
    var there = navigator.onLine !== false;
    $('mat-mang').textContent = there ? '' : 'Đang mất mạng. Tin gõ vào được giữ lại và gửi khi có mạng.';
    if (there) {
      state.items.forEach(function (item) { if (item.state === 'failed' && item.lost) { resend(item); } });
      follow();
    }
  }
  window.addEventListener('online', online);
  window.addEventListener('offline', online);
  document.addEventListener('visibilitychange', function () { if (document.hidden) { unfollow(); } else { follow(); } });
  // The same conversation in another tab: show what it has added.
  window.addEventListener('storage', function (event) {
    if (event.key === KEPT && !asking && !queue.length) { unfollow(); state = load(); redraw(); follow(); }
    if (event.key === LARGE) { setLarge(event.newValue === '1'); }
  });

  if (embedded) {
    $('dong').hidden = window.parent === window;
    $('dong').addEventListener('click', close);
    document.addEventListener('keydown', function (event) { if (event.key === 'Escape') { close(); } });
    window.addEventListener('message', function (event) {
      // On a phone the keyboard would cover the greeting.
      var keys = window.matchMedia && window.matchMedia('(hover: hover)').matches;
      if (event.source === window.parent && event.data === 'loa:open' && keys) { input.focus(); }
    });
  }
  function close() { window.parent.postMessage('loa:close', '*'); }

  // --- start

  $('chu-to').hidden = false;
  setLarge(read(LARGE) === '1');
  state.items.forEach(function (item) {
    if (item.state === 'sending') { item.state = 'failed'; item.lost = true; item.why = 'Chưa gửi được.'; }
  });
  log.setAttribute('aria-live', 'off');   // the old conversation is not read out again
  redraw();
  window.setTimeout(function () { log.setAttribute('aria-live', 'polite'); }, 500);
  if (state.items.length) { window.scrollTo(0, document.documentElement.scrollHeight); }
  online();
}());
