/* <script src="https://…/widget.js" async></script> adds a button that opens Loa in a frame. Nothing of the host page is read or changed. */
(function () {
  'use strict';
  var script = document.currentScript;
  if (!script || document.getElementById('loa-widget')) { return; }
  var base = script.src.replace(/widget\.js.*$/, '');
  var origin = new URL(base).origin;
  var frame = null;

  function style(node, rules) { Object.keys(rules).forEach(function (rule) { node.style[rule] = rules[rule]; }); return node; }
  function small() { return window.innerWidth < 480 || window.innerHeight < 560; }

  var button = style(document.createElement('button'), {
    position: 'fixed', right: '16px', bottom: '16px', zIndex: '2147483000', minHeight: '56px', padding: '0 22px', border: '2px solid #fff',
    borderRadius: '28px', background: '#0b5345', color: '#fff', font: 'bold 18px/1.2 system-ui, Roboto, Arial, sans-serif',
    boxShadow: '0 2px 10px rgba(0,0,0,.35)', cursor: 'pointer'
  });
  button.id = 'loa-widget';
  button.type = 'button';
  button.textContent = 'Hỏi Loa';
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', 'loa-frame');

  // A page not made for phones is shrunk to fit, and a frame on it as well: nobody could read it.
  function shrunk() { return window.screen.width < 480 && document.documentElement.clientWidth > 1.3 * window.screen.width; }

  function place() {
    if (!frame) { return; }
    style(frame, small()
      ? { right: '0', bottom: '0', width: '100%', height: '100%', borderRadius: '0' }
      : { right: '16px', bottom: '84px', width: '400px', height: Math.min(640, window.innerHeight - 100) + 'px', borderRadius: '16px' });
  }

  function build() {
    frame = style(document.createElement('iframe'), {
      position: 'fixed', zIndex: '2147483001', border: '0', background: '#f3f5f1', boxShadow: '0 4px 24px rgba(0,0,0,.35)'
    });
    frame.id = 'loa-frame';
    frame.title = 'Loa – hỏi đáp căn cước, VNeID, cư trú';
    frame.src = base + 'embed';
    frame.addEventListener('load', focusInside);
    button.parentNode.insertBefore(frame, button.nextSibling);
  }

  function focusInside() {
    if (frame.style.display === 'none') { return; }
    frame.focus();
    frame.contentWindow.postMessage('loa:open', origin);
  }

  function open() {
    var first = !frame;
    if (first) { build(); }
    frame.style.display = 'block';
    place();
    button.setAttribute('aria-expanded', 'true');
    if (!first) { focusInside(); }
  }

  function close() {
    frame.style.display = 'none';
    button.setAttribute('aria-expanded', 'false');
    button.focus();
  }

  function isOpen() { return button.getAttribute('aria-expanded') === 'true'; }

  button.addEventListener('click', function () {
    if (isOpen()) { close(); } else if (shrunk()) { window.open(base, '_blank', 'noopener'); } else { open(); }
  });
  document.addEventListener('keydown', function (event) { if (event.key === 'Escape' && isOpen()) { close(); } });
  window.addEventListener('message', function (event) {
    if (frame && event.source === frame.contentWindow && event.origin === origin && event.data === 'loa:close') { close(); }
  });
  window.addEventListener('resize', place);

  function start() { document.body.appendChild(button); }
  if (document.body) { start(); } else { document.addEventListener('DOMContentLoaded', start); }
}());
