// Package steady lets a class through once it has been seen in several frames in a row.
package steady

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"agave/lifecycle"
	"agave/log"
	"agave/types"
)

const mostFrames = 100

//go:embed config.schema.json
var configSchema string

type settings struct {
	Confidence float32 `json:"confidence"`
	Frames     int     `json:"frames"`
}

// What is known of one class.
type track struct {
	// In how many frames in a row it was seen, up to the settings' frames.
	count int
	// Whether it is in the frame that is being looked at.
	seen bool
}

// The state as it is saved.
type state struct {
	// Class and count.
	Seen [][2]int `json:"seen"`
}

var (
	config  settings
	classes []string
	// One for each of classes.
	tracks []track
)

func Describe() lifecycle.Description {
	return lifecycle.Description{
		Name:         "steady",
		Version:      "0.1.0",
		Summary:      "Lets a class through once it has been seen in several frames in a row",
		ConfigSchema: configSchema,
		StateVersion: 1,
	}
}

func Configure(text string, stream types.StreamInfo) error {
	given := settings{Confidence: 0.5, Frames: 3}
	if err := decode([]byte(text), &given); err != nil {
		return fmt.Errorf("the configuration is not a JSON object of `confidence` and `frames`: %w", err)
	}
	if !(given.Confidence >= 0 && given.Confidence <= 1) {
		return errors.New("`confidence` has to be from 0 to 1")
	}
	if given.Frames < 1 || given.Frames > mostFrames {
		return errors.New("`frames` has to be a whole number from 1 to 100")
	}
	config = given
	classes = stream.Classes
	// The second time only the configuration differs, and what was counted stays.
	if tracks == nil {
		tracks = make([]track, len(classes))
	}
	return nil
}

func Process(frames []types.FrameDetections) ([]types.FrameDetections, error) {
	for index := range frames {
		count(frames[index].Detections)
		frames[index].Detections = steady(frames[index].Detections)
	}
	return frames, nil
}

func counts(detection types.Detection) bool {
	return detection.Confidence >= config.Confidence && int(detection.Class) < len(tracks)
}

// Counts for each class how often in a row it was seen.
func count(detections []types.Detection) {
	for _, detection := range detections {
		if counts(detection) {
			tracks[detection.Class].seen = true
		}
	}
	for class := range tracks {
		track := &tracks[class]
		if !track.seen {
			track.count = 0
		} else if track.count < config.Frames {
			track.count++
			if track.count == config.Frames {
				log.Write(log.Level_Info, classes[class]+" is steady")
			}
		}
		track.seen = false
	}
}

// Moves what passes to the front, and shortens the list.
func steady(detections []types.Detection) []types.Detection {
	kept := detections[:0]
	for _, detection := range detections {
		if counts(detection) && tracks[detection.Class].count >= config.Frames {
			kept = append(kept, detection)
		}
	}
	return kept
}

func Save() lifecycle.Snapshot {
	saved := state{Seen: [][2]int{}}
	for class, track := range tracks {
		if known := min(track.count, config.Frames); known > 0 {
			saved.Seen = append(saved.Seen, [2]int{class, known})
		}
	}
	// A struct of numbers can always be written.
	data, _ := json.Marshal(saved)
	return lifecycle.Snapshot{Version: 1, Data: data}
}

func Restore(snapshot lifecycle.Snapshot) error {
	if snapshot.Version != 1 {
		return errors.New("only state of version 1 is known")
	}
	var saved state
	if err := decode(snapshot.Data, &saved); err != nil {
		return fmt.Errorf("the state is not what this plugin saves: %w", err)
	}
	if saved.Seen == nil {
		return errors.New("the state is not what this plugin saves: `seen` is missing")
	}
	restored := make([]track, len(tracks))
	next := 0
	for _, pair := range saved.Seen {
		class, count := pair[0], pair[1]
		if class < next || class >= len(restored) || count < 1 || count > mostFrames {
			return fmt.Errorf("the state is not what this plugin saves: class %d, seen %d times", class, count)
		}
		restored[class].count = count
		next = class + 1
	}
	tracks = restored
	return nil
}

// Reads one JSON value, which may have nothing in it that is not asked for.
func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows it")
	}
	return nil
}
