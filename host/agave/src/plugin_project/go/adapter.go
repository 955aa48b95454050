package export_adapter

import (
	plugin "MODULE"
	"agave/adapter"
)

func Deliver(deliveries []adapter.Delivery) []adapter.Outcome { return plugin.Deliver(deliveries) }
