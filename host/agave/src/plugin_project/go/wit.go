// Package wit has the types of the contract that Go has no word for.
package wit

// Option is a value that may be missing. The zero value is one without.
type Option[T any] struct {
	Present bool
	Value   T
}

const (
	OptionNone uint8 = 0
	OptionSome uint8 = 1
)

// Some is an option with a value.
func Some[T any](value T) Option[T] { return Option[T]{Present: true, Value: value} }

// None is an option without one.
func None[T any]() Option[T] { return Option[T]{} }

// IsSome says whether there is a value.
func (option Option[T]) IsSome() bool { return option.Present }

// Some is the value; it panics where there is none.
func (option Option[T]) Some() T {
	if !option.Present {
		panic("an option without a value was asked for it")
	}
	return option.Value
}

// SomeOr is the value, or the other one where there is none.
func (option Option[T]) SomeOr(other T) T {
	if option.Present {
		return option.Value
	}
	return other
}

// Tag is OptionNone or OptionSome.
func (option Option[T]) Tag() uint8 {
	if option.Present {
		return OptionSome
	}
	return OptionNone
}

// Result is an answer of the host's, or its refusal.
type Result[T any, E any] struct {
	failed bool
	value  T
	err    E
}

const (
	ResultOk  uint8 = 0
	ResultErr uint8 = 1
)

// Ok is an answer.
func Ok[T any, E any](value T) Result[T, E] { return Result[T, E]{value: value} }

// Err is a refusal.
func Err[T any, E any](err E) Result[T, E] { return Result[T, E]{failed: true, err: err} }

// IsOk says whether it is an answer.
func (result Result[T, E]) IsOk() bool { return !result.failed }

// IsErr says whether it is a refusal.
func (result Result[T, E]) IsErr() bool { return result.failed }

// Ok is the answer; it panics where there is none.
func (result Result[T, E]) Ok() T {
	if result.failed {
		panic("a result without an answer was asked for it")
	}
	return result.value
}

// Err is the refusal; it panics where there is none.
func (result Result[T, E]) Err() E {
	if !result.failed {
		panic("a result without an error was asked for it")
	}
	return result.err
}

// Tag is ResultOk or ResultErr.
func (result Result[T, E]) Tag() uint8 {
	if result.failed {
		return ResultErr
	}
	return ResultOk
}

// Unit is nothing, as an answer.
type Unit struct{}

// Tuple2 is a pair.
type Tuple2[A any, B any] struct {
	F0 A
	F1 B
}

// Returned makes a result of what Go functions return.
func Returned[T any](value T, err error) Result[T, string] {
	if err != nil {
		return Err[T](err.Error())
	}
	return Ok[T, string](value)
}
