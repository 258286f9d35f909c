module golayouts

go 1.21
