package profile

import (
	"sync"

	"apc/lang/diag"
	"apc/lang/feature"
)

// vocabulary is a list of words that is made once.
type vocabulary func() feature.Vocabulary

var (
	capabilities = vocabulary(sync.OnceValue(feature.Capabilities))
	families     = vocabulary(sync.OnceValue(feature.Families))
	socketTypes  = vocabulary(sync.OnceValue(feature.SocketTypes))
	protocols    = vocabulary(sync.OnceValue(feature.Protocols))
	signals      = vocabulary(sync.OnceValue(feature.Signals))
	rlimits      = vocabulary(sync.OnceValue(feature.Rlimits))
	mountOptions = vocabulary(sync.OnceValue(feature.MountOptions))
	profileFlags = vocabulary(sync.OnceValue(feature.ProfileFlags))
)

// hint says which word of the vocabulary was likely meant.
func (v vocabulary) hint(word string) string { return diag.DidYouMean(word, v().Names()) }
