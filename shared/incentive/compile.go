package incentive

import (
	"leadline/shared/program"
)

func compileVersion(v program.Version) (*version, error) {
	return &version{Version: v}, nil
}
