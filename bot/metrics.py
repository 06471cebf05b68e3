"""What `/metrics` shows (Prometheus). Labels are of few values and never personal."""

from prometheus_client import Counter, Gauge, Histogram

TURNS = Counter("loa_turns_total", "Turns answered", ["channel", "decision"])
TURN_SECONDS = Histogram(
    "loa_turn_seconds",
    "Seconds from incoming to messages ready",
    ["channel"],
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 3, 10),
)
RASA_READY = Gauge("loa_rasa_ready", "1 while Rasa answers turns")
CONTENT_PROBLEMS = Gauge("loa_content_problems", "Mistakes in the newest content edit; 0 while all of it is live")
INBOX_WAITING = Gauge("loa_inbox_waiting", "Incoming things stored and not yet handled", ["channel"])
DELIVERIES = Counter("loa_deliveries_total", "Campaign sends by outcome", ["channel", "outcome"])
SECONDS_PAUSED = Counter("loa_paused_seconds_total", "Seconds every send waited because the platform asked for it", ["channel"])
