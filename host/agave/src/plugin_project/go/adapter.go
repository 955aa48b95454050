package export_adapter

import (
	"agave/adapter"
	plugin "MODULE"
)

func Deliver(deliveries []adapter.Delivery) []adapter.Outcome { return plugin.Deliver(deliveries) }
