//go:build cgo && oraclecgo

#include "_cgo_export.h"

void call_back(void)
{
	goCallback();
}
