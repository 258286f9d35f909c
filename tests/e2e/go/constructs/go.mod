module constructs

go 1.21
